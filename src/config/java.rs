//! What Java's client says in classes and JAAS options, said in librdkafka's names. Works on settings alone: reads no
//! file and no reference.

use super::jaas::LoginModule;
use super::origin::Origin;
use super::property::Key;
use super::sheet::{Author, Sheet, SheetError, is_reference};

/// The method of `sasl.oauthbearer.method` by which tokens come from an endpoint (KIP-768).
pub const OIDC: &str = "oidc";
/// The method of `sasl.oauthbearer.method` by which tokens are addresses signed for Amazon MSK; ours.
pub const MSK: &str = "aws_msk_iam";

/// Where an option of a login module goes.
enum Goes {
    To(Key),
    /// A switch, of which only this value changes something: the one that cannot be honoured.
    Refused(&'static str),
}

const LOGIN: &[(&str, Goes)] = &[
    ("username", Goes::To(Key::SaslUsername)),
    ("password", Goes::To(Key::SaslPassword)),
    ("tokenauth", Goes::To(Key::SaslTokenAuth)),
];

const UNSIGNED: &str =
    "unsigned tokens prove nothing and are not made; give a token with sasl.oauthbearer.token";

#[rustfmt::skip]
const BEARER: &[(&str, Goes)] = &[
    ("clientId", Goes::To(Key::OauthClientId)),
    ("clientSecret", Goes::To(Key::OauthClientSecret)),
    ("scope", Goes::To(Key::OauthScope)),
    ("ssl.truststore.location", Goes::To(Key::HttpsCaLocation)),
    ("unsecuredLoginStringClaim_sub", Goes::Refused(UNSIGNED)),
    // Strimzi's handler.
    ("oauth.client.id", Goes::To(Key::OauthClientId)),
    ("oauth.client.secret", Goes::To(Key::OauthClientSecret)),
    ("oauth.scope", Goes::To(Key::OauthScope)),
    ("oauth.token.endpoint.uri", Goes::To(Key::OauthEndpoint)),
    ("oauth.access.token", Goes::To(Key::OauthToken)),
    ("oauth.access.token.location", Goes::To(Key::OauthTokenFile)),
    ("oauth.ssl.truststore.location", Goes::To(Key::HttpsCaLocation)),
];

#[rustfmt::skip]
const IAM: &[(&str, Goes)] = &[
    ("awsProfileName", Goes::To(Key::AwsProfile)),
    ("awsRoleArn", Goes::To(Key::AwsRoleArn)),
    ("awsStsRegion", Goes::To(Key::AwsRegion)),
    ("awsRoleAccessKeyId", Goes::Refused("keys of a role cannot be given; name a profile of AWS's credentials file with awsProfileName")),
];

#[rustfmt::skip]
const KERBEROS: &[(&str, Goes)] = &[
    ("serviceName", Goes::To(Key::KerberosService)),
    ("principal", Goes::To(Key::KerberosPrincipal)),
    ("keyTab", Goes::To(Key::KerberosKeytab)),
];

/// Login modules by the class's name without its package.
const MODULES: &[(&str, &[(&str, Goes)])] = &[
    ("PlainLoginModule", LOGIN),
    ("ScramLoginModule", LOGIN),
    ("OAuthBearerLoginModule", BEARER),
    ("IAMLoginModule", IAM),
    ("Krb5LoginModule", KERBEROS),
];

/// Says Java's settings in librdkafka's names, as far as they are not references to somewhere else.
pub fn translate(sheet: &mut Sheet) -> Result<(), SheetError> {
    let written = |given: &&super::sheet::Given| !is_reference(given.value.reveal());
    if let Some(given) = sheet.get(Key::JaasConfig).filter(written).cloned() {
        sheet.take(Key::JaasConfig);
        let handler = sheet.get(Key::LoginCallbackHandler);
        let handler = handler.map(|given| class_name(given.value.reveal()).to_owned());
        translate_jaas(
            sheet,
            given.value.reveal(),
            &given.origin,
            handler.as_deref(),
        )?;
    }
    if let Some(given) = sheet.take(Key::LoginCallbackHandler) {
        translate_login_handler(sheet, given.value.reveal(), &given.origin)?;
    }
    if let Some(given) = sheet.take(Key::ClientCallbackHandler) {
        translate_client_handler(given.value.reveal(), &given.origin)?;
    }
    if let Some(given) = sheet.take(Key::OauthRetriever) {
        translate_retriever(sheet, given.value.reveal(), &given.origin)?;
    }
    Ok(())
}

fn class_name(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or_default()
}

fn translate_jaas(
    sheet: &mut Sheet,
    text: &str,
    origin: &Origin,
    handler: Option<&str>,
) -> Result<(), SheetError> {
    let refuse = |reason: String| refused(origin, Key::JaasConfig.name(), reason);
    let module = LoginModule::read(text).map_err(|error| refuse(error.to_string()))?;
    let Some((_, known)) = MODULES.iter().find(|(name, _)| *name == module.name()) else {
        let names: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        let class = shortened(&module.class);
        let known = names.join(", ");
        return Err(refuse(format!(
            "the login module {class} is not known; known: {known}"
        )));
    };
    let signs_for_msk = handler == Some("IAMOAuthBearerLoginCallbackHandler");
    let known = if signs_for_msk { IAM } else { known };
    let mut extensions = Vec::new();
    for (name, value) in &module.options {
        let value = value.reveal();
        if let Some(extension) = name.strip_prefix("extension_") {
            extensions.push(format!("{extension}={value}"));
            continue;
        }
        match known.iter().find(|(option, _)| option == name) {
            Some((_, Goes::To(Key::KerberosKeytab))) if !uses_keytab(&module) => {}
            Some((_, Goes::To(key))) => sheet.set(*key, bare_path(*key, value), origin.clone()),
            Some((_, Goes::Refused(reason))) => return Err(refuse((*reason).to_owned())),
            None => note(sheet, &module, name, origin)?,
        }
    }
    if !extensions.is_empty() {
        sheet.set(Key::OauthExtensions, &extensions.join(","), origin.clone());
    }
    Ok(())
}

/// Options that change nothing here are noted by the module's name.
fn note(
    sheet: &mut Sheet,
    module: &LoginModule,
    option: &str,
    origin: &Origin,
) -> Result<(), SheetError> {
    let usual = ["useKeyTab", "useTicketCache", "storeKey", "doNotPrompt"];
    if usual.contains(&option) {
        return Ok(());
    }
    let name = format!("plugin.{}.{}", module.name(), shortened(option));
    sheet.put(&name, &[], origin.clone(), Author::Anybody)
}

fn uses_keytab(module: &LoginModule) -> bool {
    let is = |option: &str, value: &str| {
        let given = module.option(option);
        given.is_some_and(|given| given.eq_ignore_ascii_case(value))
    };
    is("useKeyTab", "true") || !is("useTicketCache", "true")
}

/// A keytab may be written as `file:/path` or `FILE:/path`.
fn bare_path(key: Key, value: &str) -> &str {
    let is_file = value
        .get(..5)
        .is_some_and(|head| head.eq_ignore_ascii_case("file:"));
    match key {
        Key::KerberosKeytab if is_file => value.get(5..).unwrap_or_default(),
        _ => value,
    }
}

fn translate_login_handler(
    sheet: &mut Sheet,
    class: &str,
    origin: &Origin,
) -> Result<(), SheetError> {
    let method = match class_name(class) {
        "JaasClientOauthLoginCallbackHandler" if given_token(sheet) => return Ok(()),
        "OAuthBearerLoginCallbackHandler" | "JaasClientOauthLoginCallbackHandler" => OIDC,
        "IAMOAuthBearerLoginCallbackHandler" => MSK,
        _ => {
            let reason = format!(
                "{} cannot be run here; let another program write tokens to the file of sasl.oauthbearer.token.file",
                shortened(class)
            );
            return Err(refused(origin, Key::LoginCallbackHandler.name(), reason));
        }
    };
    sheet.set_if_unset(Key::OauthMethod, method, origin.clone());
    Ok(())
}

fn given_token(sheet: &Sheet) -> bool {
    sheet.has(Key::OauthToken) || sheet.has(Key::OauthTokenFile)
}

fn translate_client_handler(class: &str, origin: &Origin) -> Result<(), SheetError> {
    let known = [
        "IAMClientCallbackHandler",
        "OAuthBearerSaslClientCallbackHandler",
    ];
    if known.contains(&class_name(class)) {
        return Ok(()); // what the mechanism does anyway
    }
    let reason = format!(
        "{} cannot be run here; remove the setting",
        shortened(class)
    );
    Err(refused(origin, Key::ClientCallbackHandler.name(), reason))
}

fn translate_retriever(sheet: &mut Sheet, class: &str, origin: &Origin) -> Result<(), SheetError> {
    match class_name(class) {
        "DefaultJwtRetriever" | "ClientCredentialsJwtRetriever" | "FileJwtRetriever" => {
            sheet.set_if_unset(Key::OauthMethod, OIDC, origin.clone());
            Ok(())
        }
        _ => {
            let reason = format!(
                "{} cannot be run here; tokens come by client credentials or from a file",
                shortened(class)
            );
            Err(refused(origin, Key::OauthRetriever.name(), reason))
        }
    }
}

fn refused(origin: &Origin, name: &str, reason: String) -> SheetError {
    SheetError::Refused {
        origin: origin.clone(),
        name: name.to_owned(),
        reason,
    }
}

/// A class's name as it may be shown; what is no such name is cut before it could be a secret.
fn shortened(class: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | '-');
    let end = class.find(|c| !is_name(c)).unwrap_or(class.len()).min(120);
    class.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::secret::Secret;
    use super::*;

    /// The settings after translation, as `name=value`.
    fn translated(settings: &[(&str, &str)]) -> Result<Vec<String>, SheetError> {
        let mut sheet = Sheet::default();
        for (name, value) in settings {
            let origin = Origin::line(&Arc::from("x"), 1);
            sheet.put(name, &[Secret::new(value)], origin, Author::Anybody)?;
        }
        translate(&mut sheet)?;
        let told = |(key, given): (Key, &super::super::sheet::Given)| {
            format!("{}={}", key.name(), given.value.reveal())
        };
        Ok(sheet.given().map(told).collect())
    }

    #[test]
    fn login_modules_are_said_in_librdkafkas_names() {
        let kafka = "org.apache.kafka.common.security";
        for (jaas, wanted) in [
            (
                format!("{kafka}.plain.PlainLoginModule required username=\"a\" password=\"b\";"),
                vec!["sasl.username=a", "sasl.password=b"],
            ),
            (
                format!(
                    "{kafka}.scram.ScramLoginModule required username=\"t\" password=\"p\" tokenauth=\"true\";"
                ),
                vec!["sasl.username=t", "sasl.password=p", "sasl.scram.tokenauth=true"],
            ),
            (
                format!(
                    "{kafka}.oauthbearer.OAuthBearerLoginModule required clientId='c' clientSecret='s' scope='k' \
                     extension_logicalCluster='lkc-1' extension_identityPoolId='p';"
                ),
                vec![
                    "sasl.oauthbearer.client.id=c",
                    "sasl.oauthbearer.client.secret=s",
                    "sasl.oauthbearer.scope=k",
                    "sasl.oauthbearer.extensions=logicalCluster=lkc-1,identityPoolId=p",
                ],
            ),
            (
                "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true \
                 keyTab=\"file:/etc/a.keytab\" principal=\"a@R\" serviceName=kafka;"
                    .to_owned(),
                vec![
                    "sasl.kerberos.service.name=kafka",
                    "sasl.kerberos.principal=a@R",
                    "sasl.kerberos.keytab=/etc/a.keytab",
                ],
            ),
            (
                "com.sun.security.auth.module.Krb5LoginModule required useTicketCache=true keyTab=\"/x\";"
                    .to_owned(),
                vec![],
            ),
            (
                "software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=\"ops\" awsDebugCreds=true;"
                    .to_owned(),
                vec!["aws.profile=ops"],
            ),
        ] {
            assert_eq!(translated(&[("sasl.jaas.config", &jaas)]).unwrap(), wanted, "{jaas}");
        }
    }

    #[test]
    fn handlers_say_where_tokens_come_from() {
        let module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required";
        let secured =
            "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler";
        let msk = "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler";
        let strimzi = "io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler";
        for (handler, options, wanted) in [
            (secured, "", vec!["sasl.oauthbearer.method=oidc"]),
            (
                msk,
                "awsRoleArn=\"arn:x\"",
                vec!["sasl.oauthbearer.method=aws_msk_iam", "aws.role.arn=arn:x"],
            ),
            (
                strimzi,
                "oauth.access.token='t'",
                vec!["sasl.oauthbearer.token=t"],
            ),
        ] {
            let jaas = format!("{module} {options};");
            let settings = [
                ("sasl.jaas.config", jaas.as_str()),
                ("sasl.login.callback.handler.class", handler),
            ];
            assert_eq!(translated(&settings).unwrap(), wanted);
        }
        let other = [("sasl.login.callback.handler.class", "com.example.Handler")];
        let error = translated(&other).unwrap_err().to_string();
        assert!(
            error.contains("com.example.Handler cannot be run here"),
            "{error}"
        );
    }

    #[test]
    fn errors_do_not_tell_what_a_jaas_line_holds() {
        for jaas in [
            "com.example.Ldap required password=\"hunter2\";",
            "a.PlainLoginModule password=\"hunter2\";",
            "a.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"hunter2\";",
            "a.PlainLoginModule required password=\"hunter2",
        ] {
            let error = translated(&[("sasl.jaas.config", jaas)]).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_jaas_line_that_is_elsewhere_stays_until_it_is_fetched() {
        let settings = [("sasl.jaas.config", "${env:JAAS}")];
        assert_eq!(
            translated(&settings).unwrap(),
            ["sasl.jaas.config=${env:JAAS}"]
        );
    }
}
