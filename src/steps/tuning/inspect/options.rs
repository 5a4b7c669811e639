//! The options of Table 10 as they stand in the configuration of this host.

use super::{
    super::facts::{Now, Running, Shadow},
    running::Services,
};
use crate::{
    ngcp::{
        config::Config,
        options::{self, Setting},
        release::Version,
    },
    steps::performance,
};

/// Those that this release has, in the order of the table.
pub(super) fn look(config: &Config, version: Option<Version>, services: &Services<'_>) -> Vec<Now> {
    options::all().iter().filter_map(|setting| one(setting, config, version, services)).collect()
}

fn one(setting: &Setting, config: &Config, version: Option<Version>, services: &Services<'_>) -> Option<Now> {
    let tuning = setting.tuning.as_ref()?;
    let keys = setting.path(config, version)?;
    // What constants.yml has is never kept.
    let constant = config.constant(&keys);
    let value = config.value(&keys).filter(|value| !value.is_null() && constant.is_none());
    let shadow = config.shadow(&keys).map(|place| Shadow {
        editable: constant.is_none(),
        file: place.file,
        line: place.line,
    });
    let text = value.as_ref().map(|value| value.text.clone());
    let running =
        tuning.seen.as_ref().map_or(Running::NotTold, |seen| services.in_force(seen, text.as_deref()));
    let [low, high] = performance::profiles(&keys.join("."), version)
        .map_or([None, None], |both| both.map(|text| Some(text.to_owned())));
    Some(Now {
        name: setting.name.clone(),
        path: keys.iter().map(|key| (*key).to_owned()).collect(),
        from: constant.or_else(|| config.place(&keys)).map(ToString::to_string),
        main: config.main(&keys).map(|value| value.text),
        text,
        shadow,
        running,
        low,
        high,
    })
}
