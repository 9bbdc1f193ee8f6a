//! Kinds of tasks: which purposes each may serve, and how it may end.

use gridvault_policy::Purpose;
use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($kind:ident $word:literal $zh:literal $en:literal [$($purpose:ident)*] [$($end:ident)*];)+) => {
        /// What kind of task it is (domain words).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum TaskKind { $(#[doc = $zh] $kind),+ }

        impl TaskKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word),+ }
            }

            /// In Chinese and English.
            pub const fn names(self) -> [&'static str; 2] {
                match self { $(Self::$kind => [$zh, $en]),+ }
            }

            /// The purposes that it may serve.
            pub const fn purposes(self) -> &'static [Purpose] {
                match self { $(Self::$kind => &[$(Purpose::$purpose),*]),+ }
            }

            /// How it may end.
            pub const fn ends(self) -> &'static [TaskEnd] {
                match self { $(Self::$kind => &[$(TaskEnd::$end),*]),+ }
            }
        }
    };
}

macro_rules! ends {
    ($($end:ident $word:literal $zh:literal $en:literal;)+) => {
        /// How a task ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum TaskEnd { $(#[doc = $en] $end),+ }

        impl TaskEnd {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$end),+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$end => $word),+ }
            }

            /// In Chinese and English.
            pub const fn names(self) -> [&'static str; 2] {
                match self { $(Self::$end => [$zh, $en]),+ }
            }
        }
    };
}

kinds! {
    Case "case" "案件" "case" [CaseHandling EnvironmentOrder]
        [Done Referred NotFound NoAccess Unfounded Duplicate Withdrawn Expired];
    Visit "visit" "探访" "visit" [HomeVisitCare DomesticViolenceFollowup HealthFollowup]
        [Done Referred NotFound RefusedByResident NoAccess Withdrawn Expired];
    Inspection "inspection" "检查" "inspection"
        [FireSafetyCheck RentalSafetyCheck EnvironmentOrder LabourInspectionAssist]
        [Done Referred NotFound RefusedByResident NoAccess Duplicate Withdrawn Expired];
    Registration "registration" "登记" "registration" [FloatingPopulationRegistration]
        [Done Referred NotFound RefusedByResident NoAccess Duplicate Withdrawn Expired];
    Application "application" "申请" "application" [WindowService SocialAssistance ServiceMatching]
        [Done Referred Refused Duplicate Withdrawn Expired];
    Mediation "mediation" "调解" "mediation" [DisputeMediation]
        [Done NoAgreement Referred RefusedByResident Withdrawn Expired];
    CorrectionTeam "correction_team" "矫正小组" "correction team" [CommunityCorrectionsSupport]
        [Done Referred Withdrawn Expired];
    ChildFile "child_file" "未保档案" "child file" [MinorProtection]
        [Done Referred NotFound Withdrawn Expired];
    Emergency "emergency" "应急" "emergency" [EmergencyNotice EmergencyRescue]
        [Done Referred NotFound NoAccess Withdrawn Expired];
    RightsRequest "rights_request" "权利请求" "rights request" [ResidentAccess ComplianceAudit]
        [Done Referred Refused Withdrawn Expired];
    LegalRequest "legal_request" "调取" "legal request" [LegalRequest]
        [Done Refused Withdrawn Expired];
    QualityCheck "quality_check" "数据核实" "check of data" [DataQuality Statistics]
        [Done Referred NotFound RefusedByResident NoAccess Withdrawn Expired];
}

ends! {
    Done "done" "已办结" "done";
    Referred "referred" "已转办" "referred to another unit";
    NotFound "not_found" "未找到人或地点" "person or place not found";
    RefusedByResident "refused_by_resident" "居民不同意" "the resident did not agree";
    NoAccess "no_access" "无法进入" "no access";
    Unfounded "unfounded" "不属实" "unfounded";
    Duplicate "duplicate" "重复" "a duplicate";
    NoAgreement "no_agreement" "未达成协议" "no agreement was reached";
    Refused "refused" "不予办理" "refused";
    Withdrawn "withdrawn" "已撤回" "withdrawn";
    Expired "expired" "已到期" "expired";
}

#[cfg(test)]
mod tests {
    use gridvault_policy::needs_task;

    use super::*;

    #[test]
    fn every_purpose_that_needs_a_task_has_a_kind_of_it() {
        for purpose in Purpose::ALL.iter().filter(|purpose| needs_task(**purpose)) {
            assert!(TaskKind::ALL.iter().any(|kind| kind.purposes().contains(purpose)), "{purpose}");
        }
        for kind in TaskKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert!(kind.ends().contains(&TaskEnd::Done) && kind.ends().contains(&TaskEnd::Expired));
        }
    }
}
