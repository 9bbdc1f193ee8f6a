use super::*;

const TEXT: &str = "[database]\nurl = \"sqlite:///v/vault.db\"\n[keys]\nfile = \"/v/keys.json\"\n[log]\npin_file = \"/p/pin\"\n";

fn with(more: &str, name: &str, value: &str) -> Result<Config, ConfigError> {
    explained(more, name, value).map(|(config, _)| config)
}

fn explained(more: &str, name: &str, value: &str) -> Result<(Config, Vec<Effective>), ConfigError> {
    Config::from_parts(&format!("{TEXT}{more}"), [(name.to_owned(), value.to_owned())].into_iter())
}

fn words(more: &str, name: &str, value: &str) -> String {
    with(more, name, value).unwrap_err().to_string()
}

#[test]
fn the_environment_goes_over_the_file_and_unknown_settings_are_errors() {
    assert_eq!(with("", "X", "").unwrap().server.listen.port(), 8080);
    assert_eq!(with("", "GRIDVAULT_SERVER__LISTEN", "127.0.0.1:9000").unwrap().server.listen.port(), 9000);
    assert_eq!(with("", "GRIDVAULT_LIMITS__BODY_KIB", "512").unwrap().limits.body_kib, 512);
    let proxies = with("", "GRIDVAULT_SERVER__TRUSTED_PROXIES", "10.0.0.7, ::1").unwrap().server;
    assert_eq!(
        proxies.trusted_proxies,
        ["10.0.0.7".parse::<std::net::IpAddr>().unwrap(), "::1".parse().unwrap()]
    );
    assert!(with("", "GRIDVAULT_DATABASE__URL", "postgres://10.0.0.1/vault").is_err());
    assert!(with("", "GRIDVAULT_DATABASE__URL", "postgres://10.0.0.1/vault?sslmode=verify-full").is_ok());
    assert!(with("", "GRIDVAULT_DATABASE__URL", "postgres://u:secret@localhost/vault").is_ok());
    assert!(with("[srver]\n", "X", "").is_err());
    assert!(words("", "GRIDVAULT_SERVER__LISTN", "1").contains("`server.listn`"));
    assert!(words("[deployment]\nname = \"Oops\"\n", "X", "").contains("`deployment.name`"));
}

#[test]
fn an_error_names_the_setting_and_who_set_it() {
    assert!(words("[server]\nlisten = \"here\"\n", "X", "").contains("`server.listen`"));
    let of_environment = words("", "GRIDVAULT_LIMITS__BODY_KIB", "many");
    assert!(of_environment.contains("`limits.body_kib` (of the environment)"), "{of_environment}");
    assert!(words("[server\n", "X", "").contains("line 7"));
    for (more, name) in [
        ("[server]\nlisten = \"0.0.0.0:80\"\n", "`server.listen`"),
        ("[server]\nlisten = \"[::]:80\"\nadmin_listen = \"127.0.0.1:90\"\n", "`server.listen`"),
        ("[server]\ntls_cert = \"c\"\n", "`server.tls_key`"),
        ("[server]\ntls_key = \"c\"\n", "`server.tls_cert`"),
        ("[server]\ntls_client_ca = \"c\"\n", "`server.tls_client_ca`"),
        ("[server]\nadmin_listen = \"127.0.0.1:8080\"\n", "`server.admin_listen`"),
        ("[server]\nadmin_listen = \"0.0.0.0:8080\"\n", "`server.admin_listen`"),
        ("[server]\ntrusted_proxies = [\"0.0.0.0\"]\n", "`server.trusted_proxies`"),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/8\"]\n", "`server.trusted_proxies[0]`"),
        ("[server]\npublic_url = \"http://vault.example\"\n", "`server.public_url`"),
        ("[server]\npublic_url = \"https://a:b@vault.example\"\n", "`server.public_url`"),
        ("[server]\npublic_url = \"https://vault.example/x\"\n", "`server.public_url`"),
        ("[server]\npublic_url = \"vault.example\"\n", "`server.public_url`"),
        ("[limits]\nrequests_per_minute = 0\n", "`limits.requests_per_minute`"),
        ("[limits]\nbody_kib = 1\n", "`limits.body_kib`"),
        ("[limits]\nimport_mib = 100000\n", "`limits.import_mib`"),
        ("[limits]\nconnections = -1\n", "`limits.connections`"),
    ] {
        let words = words(more, "X", "");
        assert!(words.contains(name), "{more}: {words}");
    }
}

#[test]
fn other_machines_are_answered_with_tls_or_through_named_proxies() {
    for more in [
        "[server]\nlisten = \"0.0.0.0:443\"\ntls_cert = \"c\"\ntls_key = \"k\"\ntls_client_ca = \"a\"\n",
        "[server]\nlisten = \"0.0.0.0:80\"\ntrusted_proxies = [\"10.0.0.7\"]\n",
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\npublic_url = \"https://vault.example:8443/\"\n",
        "[server]\npublic_url = \"http://127.0.0.1:8080\"\n",
    ] {
        with(more, "X", "").unwrap();
    }
}

#[test]
fn every_setting_says_where_it_comes_from_and_never_a_secret() {
    let more = "[server]\nadmin_listen = \"127.0.0.1:9\"\n";
    let url = "postgres://u:secret@localhost/vault";
    let (config, list) = explained(more, "GRIDVAULT_DATABASE__URL", url).unwrap();
    assert!(!format!("{config:?} {list:?}").contains("secret"));
    assert!(config.database.url.has_password());
    let origin = |name: &str| list.iter().find(|s| s.name == name).unwrap().origin;
    assert_eq!(origin("database.url"), Origin::Environment);
    assert_eq!(origin("server.admin_listen"), Origin::File);
    assert_eq!(origin("server.listen"), Origin::Default);
    assert_eq!(origin("limits.import_mib"), Origin::Default);
}
