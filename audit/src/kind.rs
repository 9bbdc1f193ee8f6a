//! The kinds of entries: a closed list; a new kind is added here first.

macro_rules! kinds {
    ($($variant:ident $word:literal),+ $(,)?) => {
        /// What an entry records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $(#[doc = $word] $variant),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The kind of that word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    LogCreated "log.created", LogClosed "log.closed", ClockJumped "clock.jumped",
    AuthSignedIn "auth.signed_in", AuthRefused "auth.refused", AuthRefusedMany "auth.refused_many",
    SessionEnded "session.ended", TokenIssued "token.issued", TokenRevoked "token.revoked", CredentialChanged "credential.changed",
    Lookup "lookup", Search "search", Verification "verification", Export "export", StatisticsReleased "statistics.released",
    ResidentCreated "resident.created", ResidentCorrected "resident.corrected", ResidentRestricted "resident.restricted",
    ResidentErased "resident.erased", ImportBatch "import.batch",
    NoticePublished "notice.published", NoticeDelivered "notice.delivered",
    ConsentRequested "consent.requested", ConsentGiven "consent.given", ConsentRefused "consent.refused",
    ConsentDeferred "consent.deferred", ConsentWithdrawn "consent.withdrawn", ConsentExpired "consent.expired",
    ConsentRenewed "consent.renewed", ConsentInvalidated "consent.invalidated",
    TaskOpened "task.opened", TaskClosed "task.closed",
    DelegationGranted "delegation.granted", DelegationRevoked "delegation.revoked",
    AssignmentGranted "assignment.granted", AssignmentEnded "assignment.ended",
    AgreementGranted "agreement.granted", AgreementEnded "agreement.ended",
    EmergencyDeclared "emergency.declared", EmergencyReviewed "emergency.reviewed", EmergencyEnded "emergency.ended",
    DisclosureRegistered "disclosure.registered",
    PolicyProposed "policy.proposed", PolicyApproved "policy.approved", PolicyActivated "policy.activated", PolicyRejected "policy.rejected",
    TenantCreated "tenant.created", TenantMoved "tenant.moved", AreaCreated "area.created", AreaChanged "area.changed",
    PremisesCreated "premises.created", PremisesCorrected "premises.corrected", PersonCreated "person.created",
    ServiceCreated "service.created", TicketCreated "ticket.created",
    DeviceEnrolled "device.enrolled", DeviceLost "device.lost", DeviceRevoked "device.revoked",
    KeyRotated "key.rotated", KeyDestroyed "key.destroyed", KeyUnsealed "key.unsealed",
    TrailRead "trail.read", TrailExported "trail.exported", TrailPruned "trail.pruned",
    DisputeOpened "dispute.opened", DisputeDecided "dispute.decided", RequestOpened "request.opened", RequestAnswered "request.answered",
    FindingRaised "finding.raised", FindingReviewed "finding.reviewed", SupervisionNoted "supervision.noted",
    EmbargoSet "embargo.set", EmbargoEnded "embargo.ended", BackupMade "backup.made", BackupRestored "backup.restored",
    WitnessUnreachable "witness.unreachable", WitnessDisagreed "witness.disagreed",
}
