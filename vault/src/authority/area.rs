//! Areas of every scheme, and how near a post's areas are to a place.

use std::collections::HashMap;

use gridvault_policy::{Relation, Scheme};
use serde::{Deserialize, Serialize};

/// The level of an area in its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The area that it merged into: from its end on, its places count as that one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
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
    areas: HashMap<(Scheme, String), (i64, Area)>,
}

impl AreaMap {
    /// Takes the areas in, each with its row's revision.
    pub fn new(areas: impl IntoIterator<Item = (i64, Area)>) -> Self {
        let keyed = |(rev, area): (i64, Area)| ((area.scheme, area.code.clone()), (rev, area));
        Self { areas: areas.into_iter().map(keyed).collect() }
    }

    /// The area of that code.
    pub fn find(&self, scheme: Scheme, code: &str) -> Option<&Area> {
        self.held(scheme, code).map(|(_, area)| area)
    }

    /// Likewise, with its row's revision.
    pub fn held(&self, scheme: Scheme, code: &str) -> Option<(i64, &Area)> {
        self.areas.get(&(scheme, code.to_owned())).map(|(rev, area)| (*rev, area))
    }

    /// The area of that code, if it is one on that moment.
    pub fn live(&self, scheme: Scheme, code: &str, at: i64) -> Option<&Area> {
        self.find(scheme, code).filter(|area| area.from <= at && area.to.is_none_or(|to| at < to))
    }

    /// The cell that a code stands for on that moment: the area itself, or the one that it has merged into.
    pub fn cell(&self, scheme: Scheme, code: &str, at: i64) -> Option<&Area> {
        let mut area = self.find(scheme, code)?;
        // As many mergers as nobody has seen; a circle ends somewhere.
        for _ in 0..16 {
            match (&area.into, area.to) {
                (Some(into), Some(to)) if to <= at => area = self.find(scheme, into)?,
                _ => break,
            }
        }
        (area.from <= at && area.to.is_none_or(|to| at < to)).then_some(area)
    }

    /// Every area, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Area> {
        self.areas.values().map(|(_, area)| area)
    }

    /// The nearest relation of a post's areas (in its own scheme) to the place's cell in that scheme.
    pub fn relation(&self, scheme: Scheme, post_areas: &[String], cell: Option<&str>, at: i64) -> Relation {
        let Some(cell) = cell.and_then(|code| self.cell(scheme, code, at)) else {
            return Relation::Elsewhere;
        };
        // A post of the whole office, made before there were areas.
        if post_areas.is_empty() {
            return Relation::OwnStreet;
        }
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
