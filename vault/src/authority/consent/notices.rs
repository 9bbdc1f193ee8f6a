//! The notices as consents see them: which one is in force for a purpose, and what newer ones add to an older one.

use gridvault_policy::{FieldId, FieldSet, Purpose};
use uuid::Uuid;

use crate::authority::{Notice, Series};

/// Every version of every series, with the fields that it speaks of.
#[derive(Debug, Default)]
pub struct Notices(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    id: Uuid,
    notice: Notice,
    fields: FieldSet,
}

impl Notices {
    /// Takes the versions in.
    pub fn new(notices: impl IntoIterator<Item = (Uuid, Notice)>) -> Self {
        let keep = |(id, notice): (Uuid, Notice)| {
            let mut fields = FieldSet::default();
            for field in notice.fields.iter().filter_map(|id| FieldId::parse(id).ok()) {
                fields.insert(field);
            }
            Kept { id, notice, fields }
        };
        Self(notices.into_iter().map(keep).collect())
    }

    /// That version.
    pub fn find(&self, id: Uuid) -> Option<&Notice> {
        self.0.iter().find(|kept| kept.id == id).map(|kept| &kept.notice)
    }

    /// The newest version in force that speaks of the purpose, of the first of these series that has one.
    pub fn newest(&self, purpose: Purpose, series: &[Series], at: i64) -> Option<(Uuid, &Notice)> {
        series.iter().find_map(|series| {
            let fits = |kept: &&Kept| {
                kept.notice.series == *series
                    && kept.notice.live(at)
                    && kept.notice.purposes.contains(&purpose)
            };
            let newest = self.0.iter().filter(fits).max_by_key(|kept| kept.notice.version);
            newest.map(|kept| (kept.id, &kept.notice))
        })
    }

    /// The fields that versions in force with a material change (PIPL 14(2)) add to that older version; nothing where there
    /// is no such version. One that lists no fields speaks of all of them.
    pub(super) fn added(&self, to: Uuid, purpose: Purpose, at: i64) -> Option<FieldSet> {
        let old = self.0.iter().find(|kept| kept.id == to)?;
        let newer = self.0.iter().filter(|kept| {
            let notice = &kept.notice;
            notice.series == old.notice.series
                && notice.version > old.notice.version
                && notice.material_change
                && notice.live(at)
                && notice.purposes.contains(&purpose)
        });
        let mut added = None;
        for kept in newer {
            let set = added.get_or_insert_with(FieldSet::default);
            if old.notice.fields.is_empty() {
                continue;
            }
            for field in FieldId::all().filter(|f| kept.fields.contains(*f) && !old.fields.contains(*f)) {
                set.insert(field);
            }
        }
        added
    }
}
