# pROC's, Obuchowski's own and R's numbers for statistics.py, which runs this file:
#
#     Rscript statistics.R CASES.csv doAUCcluster.R
#
# CASES.csv: case, truth (0 or 1), first, second (probabilities), patient. Prints case,name,value.
suppressPackageStartupMessages(library(pROC))
library(splines)
arguments <- commandArgs(trailingOnly = TRUE)
source(arguments[2])
all <- read.csv(arguments[1])
say <- function(case, name, value) cat(sprintf("%s,%s,%.17g\n", case, name, value))

for (case in unique(all$case)) {
  d <- all[all$case == case, ]
  first <- roc(d$truth, d$first, levels = c(0, 1), direction = "<", quiet = TRUE)
  second <- roc(d$truth, d$second, levels = c(0, 1), direction = "<", quiet = TRUE)
  say(case, "first_auroc", as.numeric(first$auc))
  say(case, "second_auroc", as.numeric(second$auc))

  # DeLong, as if every case were another patient's.
  interval <- ci.auc(first, conf.level = 0.95, method = "delong")
  test <- roc.test(first, second, paired = TRUE, method = "delong")
  say(case, "delong_variance", pROC::var(first, method = "delong"))
  say(case, "delong_low", interval[1])
  say(case, "delong_high", interval[3])
  say(case, "delong_covariance", pROC::cov(first, second, method = "delong"))
  # pROC tests first less second.
  say(case, "delong_z", -as.numeric(test$statistic))
  say(case, "delong_p", as.numeric(test$p.value))

  # Obuchowski 1997, by an adaptation of her own program.
  one <- doAUCcluster(d$first, response = d$truth, clusterID = d$patient)
  both <- doAUCcluster(d$first, d$second, response = d$truth, clusterID = d$patient)
  say(case, "clustered_variance", one$auc.var)
  say(case, "clustered_difference_variance", both$auc.var.AminusB)

  # A flexible calibration curve: logistic regression on a restricted cubic spline of the logit with four
  # knots, which a natural spline with the outer knots as its boundary spans.
  logit <- qlogis(d$first)
  knots <- quantile(logit, c(0.05, 0.35, 0.65, 0.95))
  if (all(diff(knots) > 0)) {
    basis <- ns(logit, knots = knots[2:3], Boundary.knots = knots[c(1, 4)])
    fit <- glm(d$truth ~ basis, family = binomial, control = list(epsilon = 1e-14, maxit = 100))
    errors <- abs(fitted(fit) - d$first)
    say(case, "ici", mean(errors))
    say(case, "e50", median(errors))
    say(case, "e90", quantile(errors, 0.9))
    say(case, "e_max", max(errors))
  }
}
