//! The closed vocabularies: each word once, with its wire form, Chinese and English. Parsed at the edge, enums inside.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal $zh:literal $en:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = $en] $variant),+ }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its wire form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// In Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// In English.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }

            /// The word of that wire form.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }

            /// Its place in the vocabulary.
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = std::borrow::Cow::<'de, str>::deserialize(from)?;
                // The word itself is not repeated: it comes from outside.
                Self::parse(&word).ok_or_else(|| serde::de::Error::custom(concat!("not a word of ", stringify!($name))))
            }
        }
    };
}

words! {
    /// The role of a post.
    Role {
        GridChief "grid_chief" "网格长" "grid chief",
        GridAssistant "grid_assistant" "网格助理员" "grid assistant",
        DispatchedOfficer "dispatched_officer" "网格派驻员" "dispatched officer",
        GridSupervisor "grid_supervisor" "网格督导员" "grid supervisor",
        GridInformant "grid_informant" "网格信息员" "grid informant",
        WindowClerk "window_clerk" "窗口人员" "window clerk",
        DataSteward "data_steward" "数据管理员" "data steward",
        Analyst "analyst" "统计分析员" "analyst",
        PrivacyOfficer "privacy_officer" "个人信息保护负责人" "privacy officer",
        Auditor "auditor" "审计管理员" "auditor",
        SecurityAdmin "security_admin" "安全管理员" "security administrator",
        SystemOperator "system_operator" "系统管理员" "system operator",
        Resident "resident" "居民" "resident",
        Guardian "guardian" "监护人" "guardian",
        Proxy "proxy" "代理人" "proxy",
        Service "service" "服务系统" "service",
    }
}
words! {
    /// How near the caller's post is to the record.
    Relation {
        OwnGrid "own_grid" "本网格" "own grid",
        OwnCommunity "own_community" "本社区" "own community",
        OwnStreet "own_street" "本街道" "own street",
        Elsewhere "elsewhere" "辖区外" "elsewhere",
        SelfRelation "self" "本人" "the resident's own",
    }
}
words! {
    /// The department behind a post, or the kind of a service.
    Department {
        None "none" "无" "none",
        Police "police" "公安" "police",
        Justice "justice" "司法" "justice",
        CivilAffairs "civil_affairs" "民政" "civil affairs",
        Health "health" "卫生" "health",
        Fire "fire" "消防" "fire",
        Housing "housing" "住建" "housing",
        UrbanManagement "urban_management" "城管" "urban management",
        Labour "labour" "人力社保" "labour",
        FloatingPopulation "floating_population" "流管" "floating population",
        Disability "disability" "残联" "disability",
        Minors "minors" "未保" "minors",
        Hotline12345 "hotline_12345" "12345热线" "hotline 12345",
        Hotline96005 "hotline_96005" "96005热线" "hotline 96005",
        ServiceCircle "service_circle" "一刻钟服务圈" "service circle",
        GovernancePlatform "governance_platform" "综治维稳平台" "governance platform",
        TerminalBackend "terminal_backend" "社管通" "terminal back end",
    }
}
words! {
    /// A scheme of areas.
    Scheme {
        SocialGrid "social_grid" "社会服务管理网格" "social grid",
        CityManagement "city_management" "城市管理单元" "city management",
        PublicOrder "public_order" "综治片区" "public order",
        ServiceCircle "service_circle" "一刻钟服务圈" "service circle",
    }
}
words! {
    /// The age class of a person on the day of the lookup.
    AgeClass {
        Under14 "under_14" "未满十四周岁" "under 14",
        From14To17 "14_17" "十四至十七周岁" "14 to 17",
        Adult "adult" "成年" "adult",
    }
}
words! {
    /// What kind of record is asked for.
    RecordType {
        Person "person" "人员" "person",
        Premises "premises" "房屋" "premises",
        Ticket "ticket" "工单" "ticket",
    }
}
words! {
    /// How much of a value shows.
    Form {
        None "M-none" "完整" "in full",
        Name "M-name" "只留姓" "surname only",
        Id "M-id" "留前三后四" "first 3 and last 4",
        Id4 "M-id4" "只留后四位" "last 4",
        Tel "M-tel" "电话遮盖" "phone partly",
        Bldg "M-bldg" "到楼" "to the building",
        Comm "M-comm" "到社区" "to the community",
        Yr "M-yr" "出生年" "year of birth",
        Band "M-band" "年龄段" "age band",
        Flag "M-flag" "仅是否" "yes or no",
        Hide "M-hide" "不显示" "nothing",
        Province "M-province" "到省" "province",
        Last3 "M-last3" "后三位" "last 3",
        Count "M-count" "人数段" "band of 1, 2, 3, 4+",
        Area "M-area" "面积段" "band of area",
        Geo "M-geo" "约百米" "about 100 m",
        Month "M-month" "到月" "month",
        District "M-district" "到区" "district",
        Presence "M-presence" "仅有无" "held or not",
    }
}
words! {
    /// What comes with a value.
    ObligationKind {
        DiscloseWithin "disclose_within" "知悉范围" "disclose within",
        DeleteAfter "delete_after" "到期删除" "delete after",
        NoPrint "no_print" "不得打印" "no printing",
        NoExport "no_export" "不得导出" "no export",
        Watermark "watermark" "显示水印" "watermark",
    }
}
words! {
    /// How sensitive a field is.
    Tier {
        T1 "T1" "业务信息" "operational",
        T2 "T2" "一般个人信息" "ordinary personal",
        T3 "T3" "敏感个人信息" "sensitive",
        T4 "T4" "特别敏感" "special",
    }
}
words! {
    /// What a rule is for.
    Layer {
        Prohibition "prohibition" "禁止" "prohibition",
        Emergency "emergency" "紧急" "emergency",
        Ordinary "ordinary" "一般" "ordinary",
    }
}
words! {
    /// How a record stands.
    RecordState {
        Live "live" "在用" "in use",
        Deceased "deceased" "本人已去世" "the person has died",
        Frozen "frozen" "已冻结" "frozen",
        Erased "erased" "已删除" "erased",
    }
}
words! {
    /// What is done with a field.
    Action {
        View "view" "查看" "view",
        Match "match" "核对" "match",
        Write "write" "登记" "write",
        Export "export" "导出" "export",
        Print "print" "打印" "print",
    }
}
words! {
    /// What becomes of an asked field.
    Outcome {
        Clear "clear" "完整" "clear",
        Masked "masked" "遮盖" "masked",
        Derived "derived" "推出" "derived",
        Matched "matched" "核对" "matched",
        Denied "denied" "不允许" "denied",
        Absent "absent" "无此项" "absent",
    }
}
words! {
    /// On what a lookup rests.
    Basis {
        None "none" "无" "none",
        Consent "consent" "本人同意" "consent",
        StatutoryDuty "statutory_duty" "法定职责" "statutory duty",
        Delegation "delegation" "授权书" "delegation",
        Emergency "emergency" "紧急情况" "emergency",
        SelfBasis "self" "本人" "one's own data",
        LegalRequest "legal_request" "依法调取" "legal request",
    }
}
words! {
    /// The posture of the device asked from.
    Posture {
        Service "service" "服务系统" "service",
        Office "office" "办公终端" "office",
        Terminal "terminal" "手持终端" "terminal",
        Unmanaged "unmanaged" "未受管设备" "unmanaged",
        Lost "lost" "已报失设备" "lost",
    }
}
words! {
    /// On duty or not.
    Duty {
        On "on" "在岗" "on duty",
        Off "off" "不在岗" "off duty",
        Covering "covering" "代班" "covering",
    }
}
words! {
    /// How the named task stands to the caller and the record.
    TaskState {
        OpenMine "open_mine" "本人在办" "open, one's own",
        Open "open" "他人在办" "open, another's",
        Closed "closed" "已办结" "closed",
        None "none" "无任务" "none",
    }
}
words! {
    /// What a lookup is for.
    Purpose {
        CaseHandling "case_handling" "案件处置" "case handling",
        HomeVisitCare "home_visit_care" "探访关爱" "home visits",
        SocialAssistance "social_assistance" "社会救助办理" "social assistance",
        MinorProtection "minor_protection" "未成年人保护" "protection of minors",
        FloatingPopulationRegistration "floating_population_registration" "流动人口登记" "registration of floating population",
        RentalSafetyCheck "rental_safety_check" "出租房屋安全" "safety of rented homes",
        CommunityCorrectionsSupport "community_corrections_support" "社区矫正协助" "support of community corrections",
        DomesticViolenceFollowup "domestic_violence_followup" "家暴告诫后查访" "follow-up of domestic violence",
        HealthFollowup "health_followup" "健康随访协助" "health follow-up",
        DisputeMediation "dispute_mediation" "矛盾纠纷调解" "mediation",
        WindowService "window_service" "社区服务站代办" "window service",
        FireSafetyCheck "fire_safety_check" "消防安全检查" "fire safety check",
        EmergencyNotice "emergency_notice" "停水停电与疏散通知" "notice of outages and evacuation",
        EnvironmentOrder "environment_order" "市容环境巡查" "patrol of public spaces",
        LabourInspectionAssist "labour_inspection_assist" "劳动监察协助" "assistance of labour inspection",
        Statistics "statistics" "统计汇总" "statistics",
        ResidentAccess "resident_access" "居民查询本人" "resident's own access",
        EmergencyRescue "emergency_rescue" "紧急救助" "emergency rescue",
        ServiceMatching "service_matching" "服务派单" "matching of services",
        ComplianceAudit "compliance_audit" "合规审计" "compliance audit",
        DataQuality "data_quality" "数据核实更正" "data quality",
        LegalRequest "legal_request" "司法公安调取" "legal request",
    }
}
words! {
    /// Why not.
    Reason {
        NoTask "no_task" "没有对应的任务" "there is no task for this",
        TaskClosed "task_closed" "任务已办结或已过期" "the task is closed",
        NotAssigned "not_assigned" "任务不在您名下" "the task is not yours",
        SubjectNotInTask "subject_not_in_task" "任务不涉及这条记录" "the task does not name this record",
        GridScope "grid_scope" "不在您的责任区域" "it is outside your area",
        PurposeRole "purpose_role" "此岗位不能用于该事由" "this role may not use this purpose",
        NoBasis "no_basis" "没有合法依据" "there is no legal basis",
        LetterExpired "letter_expired" "授权书已过期或已撤销" "the letter of delegation has ended",
        InstrumentExpired "instrument_expired" "职权依据已失效" "the instrument is no longer in force",
        ConsentNone "consent_none" "居民未就此同意" "the resident has not consented to this",
        ConsentWithdrawn "consent_withdrawn" "居民已撤回同意" "the resident has withdrawn the consent",
        ConsentExpired "consent_expired" "同意已到期" "the consent has expired",
        NeedsRenewal "needs_renewal" "同意需要重新确认" "the consent needs to be renewed",
        NoticeStale "notice_stale" "告知书已更新，需重新告知" "the notice is out of date",
        NeedsSeparate "needs_separate" "需要单独同意" "a separate consent is needed",
        NeedsGuardian "needs_guardian" "需要监护人同意" "the guardian's consent is needed",
        NeedsApproval "needs_approval" "需要负责人批准" "an approval is needed",
        FieldNotForPurpose "field_not_for_purpose" "该事由不需要此项信息" "this purpose does not need this field",
        FieldProhibited "field_prohibited" "本系统不收集此项信息" "this field is not collected at all",
        Frozen "frozen" "该记录已冻结" "the record is frozen",
        Erased "erased" "该记录已删除" "the record is erased",
        TierList "tier_list" "列表中不提供此级别的信息" "this tier is not given in lists",
        Rate "rate" "查阅过于频繁" "too many lookups",
        DeviceRevoked "device_revoked" "此设备不能查看该信息" "this device may not show it",
        OffDuty "off_duty" "不在岗" "off duty",
        Training "training" "培训已过期" "the training has lapsed",
        ConflictOfInterest "conflict_of_interest" "存在利益关系" "there is a conflict of interest",
        PiaMissing "pia_missing" "未完成影响评估" "the impact assessment is missing",
        EmbargoDoc "embargo_doc" "缺少调取文书" "the document of the request is missing",
        LogUnavailable "log_unavailable" "查阅记录无法写入" "the trail cannot be written",
    }
}

/// Whether a purpose asks for a task: all but three.
pub fn needs_task(purpose: Purpose) -> bool {
    !matches!(purpose, Purpose::ResidentAccess | Purpose::ComplianceAudit | Purpose::EmergencyRescue)
}

impl Tier {
    /// The tier that counts for a record: of a child under 14 one higher, T3 at least (PIPL 28, 31).
    #[must_use]
    pub fn effective(self, age: AgeClass) -> Self {
        match (age, self) {
            (AgeClass::Under14, Self::T1 | Self::T2) => Self::T3,
            (AgeClass::Under14, _) => Self::T4,
            (_, tier) => tier,
        }
    }
}

impl Department {
    /// Whether it is the kind of a service, and nobody's department.
    pub const fn is_service(self) -> bool {
        matches!(
            self,
            Self::Hotline12345
                | Self::Hotline96005
                | Self::ServiceCircle
                | Self::GovernancePlatform
                | Self::TerminalBackend
        )
    }
}
