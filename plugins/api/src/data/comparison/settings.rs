//! Recipes as flat settings, and where they differ.

use std::collections::BTreeSet;

use super::run::Setting;

/// What names a run and does not set it.
const NAMES: [&str; 3] = ["ichflow", "title", "seed"];

/// Every setting but title and seed, in the recipe's order. `trains` says of a stage by its `use` whether its seed is one of
/// training, which a sweep varies.
pub fn of(recipe: &toml::Table, trains: &dyn Fn(&str) -> bool) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (key, value) in recipe {
        if !NAMES.contains(&key.as_str()) {
            flatten(key, value, &mut settings);
        }
    }
    let seeds: Vec<String> = training_seeds(recipe, trains)
        .map(|(stage, _)| format!("{stage}.seed"))
        .collect();
    settings.retain(|setting| !seeds.contains(&setting.key));
    settings
}

/// The seed of training: of the first stage that trains and has its own, else the recipe's.
pub(super) fn seed(recipe: &toml::Table, trains: &dyn Fn(&str) -> bool) -> Option<u64> {
    let own = training_seeds(recipe, trains).next().map(|(_, seed)| seed);
    own.or_else(|| recipe.get("seed")?.as_integer())
        .and_then(|seed| u64::try_from(seed).ok())
}

/// Stages that train and have a seed of their own, with it.
fn training_seeds<'a>(
    recipe: &'a toml::Table,
    trains: &'a dyn Fn(&str) -> bool,
) -> impl Iterator<Item = (&'a str, i64)> {
    recipe.iter().filter_map(|(stage, table)| {
        let stage_use = table.get("use")?.as_str()?;
        let seed = table.get("seed")?.as_integer()?;
        trains(stage_use).then_some((stage.as_str(), seed))
    })
}

fn flatten(key: &str, value: &toml::Value, settings: &mut Vec<Setting>) {
    match value {
        toml::Value::Table(table) if !table.is_empty() => {
            for (name, value) in table {
                flatten(&format!("{key}.{name}"), value, settings);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{key}[{index}]"), item, settings);
            }
        }
        value => settings.push(Setting {
            key: key.to_owned(),
            value: value.to_string(),
        }),
    }
}

/// The keys whose values are not the same in all of `recipes`, in the order they first appear.
pub fn differing<'a>(recipes: &[&'a [Setting]]) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    recipes
        .iter()
        .flat_map(|settings| settings.iter().map(|setting| setting.key.as_str()))
        .filter(|key| seen.insert(*key))
        .filter(|key| {
            let mut values = recipes.iter().map(|settings| find(settings, key));
            let first = values.next();
            values.any(|value| Some(value) != first)
        })
        .collect()
}

/// The value of a key; `None` where the recipe has none.
pub(super) fn find<'a>(settings: &'a [Setting], key: &str) -> Option<&'a str> {
    settings
        .iter()
        .find(|setting| setting.key == key)
        .map(|setting| setting.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Vec<Setting> {
        of(&toml::from_str(text).unwrap(), &|name| name == "fit")
    }

    #[test]
    fn seeds_of_training_are_no_settings() {
        let text = "seed = 1\n[load]\nuse = \"phantom\"\nseed = 7\n[train]\nuse = \"fit\"\nseed = 2\n";
        let keys: Vec<String> = settings(text).into_iter().map(|setting| setting.key).collect();
        assert_eq!(keys, ["load.use", "load.seed", "train.use"]);
        let trains = |name: &str| name == "fit";
        assert_eq!(seed(&toml::from_str(text).unwrap(), &trains), Some(2));
        let plain = text.replace("seed = 2\n", "");
        assert_eq!(seed(&toml::from_str(&plain).unwrap(), &trains), Some(1));
    }

    #[test]
    fn only_what_differs_is_found_in_the_order_of_the_recipe() {
        let common = "seed = 1\ntitle = \"a\"\n[window]\nuse = \"bsb\"\n[train]\nbatch = 8\n";
        let a = settings(&format!(
            "{common}[[train.phases]]\nlr = 0.1\n[[train.phases]]\nlr = 0.2"
        ));
        let b = settings(
            "seed = 2\ntitle = \"b\"\n[window]\nuse = \"linear\"\nwindows = [\"brain\"]\n\
             [train]\nbatch = 8\n[[train.phases]]\nlr = 0.1\n",
        );
        let keys = differing(&[&a, &b]);
        assert_eq!(keys, ["window.use", "train.phases[1].lr", "window.windows"]);
        assert_eq!(find(&b, "window.windows"), Some("[\"brain\"]"));
        assert_eq!(find(&b, "train.phases[1].lr"), None);
        assert!(differing(&[&a, &a]).is_empty());
        assert!(differing(&[&a]).is_empty());
    }
}
