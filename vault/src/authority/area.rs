//! Areas of every scheme, and how near a post's areas are to a place.

use std::collections::HashMap;

use gridvault_policy::{Relation, Scheme};
use serde::{Deserialize, Serialize};

/// The level of an area in its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The whole street (街道).
    Street,
    /// A community (社区).
    Community,
    /// A grid cell (网格).
    Grid,
}

/// An area's row; its id is `<scheme>/<code>`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Area {
    /// Its scheme.
    pub scheme: Scheme,
    /// Its code in the scheme.
    pub code: String,
    /// The code of the area above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Its level.
    pub level: Level,
    /// Its name, for people.
    pub name: String,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included), UTC microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
}

impl Area {
    /// The row's id.
    pub fn id(scheme: Scheme, code: &str) -> Vec<u8> {
        format!("{}/{code}", scheme.as_str()).into_bytes()
    }
}

/// Every area whose row holds, for answering "how near".
#[derive(Debug, Default)]
pub struct AreaMap {
    areas: HashMap<(Scheme, String), Area>,
}

impl AreaMap {
    /// Takes the areas in.
    pub fn new(areas: impl IntoIterator<Item = Area>) -> Self {
        Self { areas: areas.into_iter().map(|area| ((area.scheme, area.code.clone()), area)).collect() }
    }

    /// The area of that code.
    pub fn find(&self, scheme: Scheme, code: &str) -> Option<&Area> {
        self.areas.get(&(scheme, code.to_owned()))
    }

    /// The area of that code, if it is one on that moment.
    pub fn live(&self, scheme: Scheme, code: &str, at: i64) -> Option<&Area> {
        self.find(scheme, code).filter(|area| area.from <= at && area.to.is_none_or(|to| at < to))
    }

    /// The nearest relation of a post's areas (in its own scheme) to the place's cell in that scheme.
    pub fn relation(&self, scheme: Scheme, post_areas: &[String], cell: Option<&str>, at: i64) -> Relation {
        let Some(cell) = cell.and_then(|code| self.live(scheme, code, at)) else {
            return Relation::Elsewhere;
        };
        let community = |area: &Area| match area.level {
            Level::Community => Some(area.code.clone()),
            _ => area
                .parent
                .clone()
                .filter(|code| self.find(scheme, code).is_some_and(|a| a.level == Level::Community)),
        };
        post_areas
            .iter()
            .filter_map(|code| self.live(scheme, code, at))
            .map(|area| {
                if area.code == cell.code {
                    Relation::OwnGrid
                } else if area.level != Level::Street
                    && community(area).is_some()
                    && community(area) == community(cell)
                {
                    Relation::OwnCommunity
                } else {
                    Relation::OwnStreet
                }
            })
            .min_by_key(|relation| match relation {
                Relation::OwnGrid => 0,
                Relation::OwnCommunity => 1,
                _ => 2,
            })
            .unwrap_or(Relation::Elsewhere)
    }
}
