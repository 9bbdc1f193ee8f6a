//! `demo.json`: who can sign in to the demonstration, and what there is to look up.

use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The file (mode 0600): its tokens and codes are good for the run of the demonstration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoFile {
    /// Where it is served.
    pub url: String,
    /// The tenant.
    pub tenant: String,
    /// The log's verifier key.
    pub log_key: String,
    /// Staff and services.
    pub callers: Vec<DemoCaller>,
    /// Residents.
    pub residents: Vec<DemoResident>,
    /// Premises.
    pub premises: Vec<DemoPremises>,
    /// Tasks.
    pub tasks: Vec<DemoTask>,
}

/// A caller with a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoCaller {
    /// The post's label, or the service's kind; never a person's name.
    pub name: String,
    /// Its role.
    pub role: String,
    /// Its department.
    pub department: String,
    /// The post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Uuid>,
    /// Its first area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The bearer token.
    pub token: String,
    /// Whom the token stands for.
    pub holder: Uuid,
}

/// A resident with a sign-in code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoResident {
    /// The record.
    pub id: Uuid,
    /// The grid of the home.
    pub area: String,
    /// The code.
    pub code: String,
}

/// A premises.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoPremises {
    /// The record.
    pub id: Uuid,
    /// Its grid.
    pub area: String,
}

/// A task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoTask {
    /// The task.
    pub id: Uuid,
    /// What it is for.
    pub purpose: String,
    /// The resident it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident: Option<Uuid>,
    /// The premises it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub premises: Option<Uuid>,
    /// Its ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Uuid>,
    /// The post it is given to.
    pub assignment: Uuid,
    /// Whether it is open.
    pub open: bool,
}

impl DemoFile {
    /// Reads it.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// Writes it whole, mode 0600.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let aside = path.with_extension("json.new");
        match std::fs::remove_file(&aside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        crate::seal::write_new(&aside, &serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(&aside, path)
    }

    /// The first caller of that role and department.
    pub fn caller(&self, role: &str, department: &str) -> Option<&DemoCaller> {
        self.callers.iter().find(|c| c.role == role && c.department == department)
    }
}
