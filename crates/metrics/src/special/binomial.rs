//! The binomial distribution.

use super::beta;

/// Probability of at most `k` heads in `n` throws of a coin that shows heads with probability `p`, between 0 and 1.
pub(crate) fn cdf(k: usize, n: usize, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta::regularised((n - k) as f64, k as f64 + 1.0, 1.0 - p)
}

/// Probability of at most `k` heads in `n` throws of an even coin.
pub(crate) fn even_cdf(k: usize, n: usize) -> f64 {
    cdf(k, n, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_by_hand() {
        assert!((even_cdf(1, 8) - 9.0 / 256.0).abs() < 1e-15);
        assert!((even_cdf(0, 1) - 0.5).abs() < 1e-15);
        assert_eq!(even_cdf(0, 0), 1.0);
        assert!((cdf(0, 3, 0.1) - 0.729).abs() < 1e-15);
        assert!((cdf(1, 3, 0.1) - 0.972).abs() < 1e-15);
    }
}
