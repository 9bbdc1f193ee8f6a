//! An insert of many rows, as each database takes it best.

use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;

use super::StoreError;
use super::database::Value;

/// SQLite inserts at most so many rows in one statement, so that each size is soon prepared.
pub(super) const AT_ONCE: usize = 64;

/// An insert of many rows: one statement per length on SQLite, arrays of columns on PostgreSQL.
pub(super) struct Insert {
    /// Table and columns: `terms (tenant, field)`.
    pub(super) into: &'static str,
    /// The columns' types, as PostgreSQL names them.
    pub(super) columns: &'static [Column],
    /// What follows the values.
    pub(super) tail: &'static str,
    /// Whether it may fail alone, and the transaction go on.
    pub(super) alone: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Column {
    Int,
    Text,
    Bytes,
}

impl Insert {
    pub(super) fn values(&self, rows: usize) -> String {
        // What fails ends the transaction, so that SQLite need not keep every page for taking back the statement alone.
        let or = if self.alone { "" } else { "OR ROLLBACK " };
        // Places without numbers: SQLite looks a numbered one up in a list of all of them.
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        format!("INSERT {or}INTO {} VALUES {}{}", self.into, vec![row; rows].join(", "), self.tail)
    }

    pub(super) fn unnest(&self) -> String {
        let arrays: Vec<String> =
            (1..).zip(self.columns).map(|(n, c)| format!("${n}::{}[]", c.name())).collect();
        format!("INSERT INTO {} SELECT * FROM UNNEST({}){}", self.into, arrays.join(", "), self.tail)
    }

    /// Its text for one row, to be prepared in a test.
    #[cfg(test)]
    pub(super) fn texts(&self) -> [String; 2] {
        [self.values(2), self.unnest()]
    }
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }
}

/// The rows turned into an array per column.
pub(super) fn columns(into: &Insert, rows: &[Vec<Value<'_>>]) -> Result<PgArguments, StoreError> {
    let mut out = PgArguments::default();
    for (at, column) in into.columns.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(at).copied());
        match column {
            Column::Int => out.add(
                cells.filter_map(|v| if let Value::Int(v) = v { Some(v) } else { None }).collect::<Vec<_>>(),
            ),
            Column::Text => out.add(
                cells.filter_map(|v| if let Value::Text(v) = v { Some(v) } else { None }).collect::<Vec<_>>(),
            ),
            Column::Bytes => out.add(
                cells
                    .filter_map(|v| if let Value::Bytes(v) = v { Some(v) } else { None })
                    .collect::<Vec<_>>(),
            ),
        }
        .map_err(|_| StoreError::Other("a value cannot be bound".into()))?;
    }
    Ok(out)
}
