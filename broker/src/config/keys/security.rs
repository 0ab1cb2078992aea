//! Keys of a broker about who is at the other end of a connection.
//! Data only: nothing here decides.

use super::Key;

keys! {
    SECURITY:
    Boolean "allow.everyone.if.no.acl.found" = Text("false"), Any,
        ReadOnly, InForce, Shown,
        "Whether everybody may use what no access rule speaks of; for the authorizer.";
    String "authorizer.class.name" = Text(""), Any,
        ReadOnly, InForce, Shown,
        "What decides who may do what: empty for nobody, or org.apache.kafka.metadata.authorizer.StandardAuthorizer.";
    Int "connection.failed.authentication.delay.ms" = Text("100"), AtLeast(0),
        ReadOnly, InForce, Shown, "How long a connection stays open after a failed login.";
    Long "connections.max.reauth.ms" = Text("0"), Any,
        ReadOnly, InForce, Shown,
        "Longest life of a SASL session before the client must log in again; 0 is no limit.";
    Long "delegation.token.expiry.check.interval.ms" = Text("3600000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How often expired delegation tokens are removed.";
    Long "delegation.token.expiry.time.ms" = Text("86400000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How long a delegation token lives without renewal.";
    Long "delegation.token.max.lifetime.ms" = Text("604800000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How long a delegation token lives at most.";
    Password "delegation.token.secret.key" = Null, Any,
        ReadOnly, NoEffect, Shown, "Secret that signs delegation tokens.";
    Class "principal.builder.class" =
        Text("org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"),
        Any,
        PerBroker, NoEffect, Shown,
        "Java class that names who is at the other end of a connection.";
    Class "sasl.client.callback.handler.class" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class of a SASL client's callbacks.";
    List "sasl.enabled.mechanisms" = Text("GSSAPI"), Any,
        ReadOnly, InForce, Shown, "SASL mechanisms that are offered.";
    Password "sasl.jaas.config" = Null, Any,
        ReadOnly, InForce, Shown, "JAAS entry of the SASL mechanisms.";
    String "sasl.kerberos.kinit.cmd" = Text("/usr/bin/kinit"), Any,
        PerBroker, NoEffect, Shown, "Path of kinit.";
    Long "sasl.kerberos.min.time.before.relogin" = Text("60000"), Any,
        PerBroker, NoEffect, Shown, "Shortest time between two Kerberos logins.";
    List "sasl.kerberos.principal.to.local.rules" = Text("DEFAULT"), Any,
        PerBroker, NoEffect, Shown, "Rules that shorten Kerberos principals.";
    String "sasl.kerberos.service.name" = Null, Any,
        PerBroker, NoEffect, Shown, "Kerberos service name of the brokers.";
    Double "sasl.kerberos.ticket.renew.jitter" = Text("0.05"), Any,
        PerBroker, NoEffect, Shown, "Randomness of the renewal of Kerberos tickets.";
    Double "sasl.kerberos.ticket.renew.window.factor" = Text("0.8"), Any,
        PerBroker, NoEffect, Shown, "Share of a ticket's life after which it is renewed.";
    Class "sasl.login.callback.handler.class" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class of the callbacks of a SASL login.";
    Class "sasl.login.class" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class of the SASL login.";
    Int "sasl.login.connect.timeout.ms" = Null, Any,
        ReadOnly, NoEffect, Shown, "How long connecting to the token provider may take.";
    Int "sasl.login.read.timeout.ms" = Null, Any,
        ReadOnly, NoEffect, Shown, "How long reading from the token provider may take.";
    Short "sasl.login.refresh.buffer.seconds" = Text("300"), Any,
        PerBroker, NoEffect, Shown,
        "Time before expiry at which a token is refreshed at the latest.";
    Short "sasl.login.refresh.min.period.seconds" = Text("60"), Any,
        PerBroker, NoEffect, Shown, "Shortest time between two refreshes of a token.";
    Double "sasl.login.refresh.window.factor" = Text("0.8"), Any,
        PerBroker, NoEffect, Shown, "Share of a token's life after which it is refreshed.";
    Double "sasl.login.refresh.window.jitter" = Text("0.05"), Any,
        PerBroker, NoEffect, Shown, "Randomness of the refresh of tokens.";
    Long "sasl.login.retry.backoff.max.ms" = Text("10000"), Any,
        ReadOnly, NoEffect, Shown, "Longest wait after the token provider failed.";
    Long "sasl.login.retry.backoff.ms" = Text("100"), Any,
        ReadOnly, NoEffect, Shown, "First wait after the token provider failed.";
    String "sasl.mechanism.controller.protocol" = Text("GSSAPI"), Any,
        ReadOnly, InForce, Shown, "SASL mechanism towards the controllers.";
    String "sasl.mechanism.inter.broker.protocol" = Text("GSSAPI"), Any,
        ReadOnly, InForce, Shown, "SASL mechanism between brokers.";
    String "sasl.oauthbearer.assertion.algorithm" = Text("RS256"),
        OneOfAnyCase(&["ES256", "RS256"]),
        ReadOnly, NoEffect, Shown, "Algorithm that signs the client's assertion.";
    String "sasl.oauthbearer.assertion.claim.aud" = Null, Any,
        ReadOnly, NoEffect, Shown, "Audience of the assertion.";
    Int "sasl.oauthbearer.assertion.claim.exp.seconds" = Text("300"), Between(0, 86_400),
        ReadOnly, NoEffect, Shown, "Life of the assertion.";
    String "sasl.oauthbearer.assertion.claim.iss" = Null, Any,
        ReadOnly, NoEffect, Shown, "Issuer of the assertion.";
    Boolean "sasl.oauthbearer.assertion.claim.jti.include" = Text("false"), Any,
        ReadOnly, NoEffect, Shown, "Whether the assertion has an id of its own.";
    Int "sasl.oauthbearer.assertion.claim.nbf.seconds" = Text("60"), Between(0, 3600),
        ReadOnly, NoEffect, Shown, "How far in the past the assertion becomes valid.";
    String "sasl.oauthbearer.assertion.claim.sub" = Null, Any,
        ReadOnly, NoEffect, Shown, "Subject of the assertion.";
    String "sasl.oauthbearer.assertion.file" = Null, Any,
        ReadOnly, NoEffect, Shown, "File with a finished assertion.";
    String "sasl.oauthbearer.assertion.private.key.file" = Null, Any,
        ReadOnly, NoEffect, Shown, "File with the key that signs the assertion.";
    Password "sasl.oauthbearer.assertion.private.key.passphrase" = Null, Any,
        ReadOnly, NoEffect, Shown, "Passphrase of that key.";
    String "sasl.oauthbearer.assertion.template.file" = Null, Any,
        ReadOnly, NoEffect, Shown, "File with a template of the assertion.";
    String "sasl.oauthbearer.client.credentials.client.id" = Null, Any,
        ReadOnly, NoEffect, Shown, "Client id at the token provider.";
    Password "sasl.oauthbearer.client.credentials.client.secret" = Null, Any,
        ReadOnly, NoEffect, Shown, "Client secret at the token provider.";
    Int "sasl.oauthbearer.clock.skew.seconds" = Text("30"), Any,
        ReadOnly, InForce, Shown, "Difference of clocks that is tolerated in tokens.";
    List "sasl.oauthbearer.expected.audience" = Text(""), Any,
        ReadOnly, InForce, Shown, "Audiences that a token must name.";
    String "sasl.oauthbearer.expected.issuer" = Null, Any,
        ReadOnly, InForce, Shown, "Issuer that a token must name.";
    Long "sasl.oauthbearer.jwks.endpoint.refresh.ms" = Text("3600000"), Any,
        ReadOnly, InForce, Shown, "How often the provider's keys are fetched.";
    Long "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms" = Text("10000"), Any,
        ReadOnly, InForce, Shown, "Longest wait after fetching them failed.";
    Long "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms" = Text("100"), Any,
        ReadOnly, InForce, Shown, "First wait after fetching them failed.";
    String "sasl.oauthbearer.jwks.endpoint.url" = Null, Any,
        ReadOnly, InForce, Shown, "Where the provider's keys are.";
    Class "sasl.oauthbearer.jwt.retriever.class" =
        Text("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"),
        Any,
        ReadOnly, NoEffect, Shown, "Java class that gets tokens.";
    Class "sasl.oauthbearer.jwt.validator.class" =
        Text("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"),
        Any,
        ReadOnly, NoEffect, Shown, "Java class that checks tokens.";
    String "sasl.oauthbearer.scope" = Null, Any,
        ReadOnly, NoEffect, Shown, "Scope that is asked for.";
    String "sasl.oauthbearer.scope.claim.name" = Text("scope"), Any,
        ReadOnly, InForce, Shown, "Claim that holds the scope.";
    String "sasl.oauthbearer.sub.claim.name" = Text("sub"), Any,
        ReadOnly, InForce, Shown, "Claim that holds the subject.";
    String "sasl.oauthbearer.token.endpoint.url" = Null, Any,
        ReadOnly, InForce, Shown, "Where tokens are got.";
    Class "sasl.server.callback.handler.class" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class of a SASL server's callbacks.";
    Int "sasl.server.max.receive.size" = Text("524288"), Any,
        ReadOnly, InForce, Shown, "Most bytes of one message of a login.";
    String "security.inter.broker.protocol" = Text("PLAINTEXT"),
        OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
        ReadOnly, InForce, Shown, "Security protocol between brokers, where no listener is named.";
    String "security.providers" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java security providers.";
    Boolean "ssl.allow.dn.changes" = Text("false"), Any,
        ReadOnly, NoEffect, Shown, "Whether a new certificate may have another distinguished name.";
    Boolean "ssl.allow.san.changes" = Text("false"), Any,
        ReadOnly, NoEffect, Shown, "Whether a new certificate may have other alternative names.";
    List "ssl.cipher.suites" = Text(""), Any,
        ReadOnly, InForce, Shown, "Cipher suites that are offered; empty takes all.";
    String "ssl.client.auth" = Text("none"), OneOf(&["required", "requested", "none"]),
        ReadOnly, InForce, Shown, "Whether clients must show a certificate.";
    List "ssl.enabled.protocols" = Text("TLSv1.2,TLSv1.3"), Any,
        ReadOnly, InForce, Shown, "TLS versions that are offered.";
    String "ssl.endpoint.identification.algorithm" = Text("https"), Any,
        ReadOnly, InForce, Shown, "How a server's name is checked against its certificate.";
    Class "ssl.engine.factory.class" = Null, Any,
        PerBroker, NoEffect, Shown, "Java class that makes TLS engines.";
    Password "ssl.key.password" = Null, Any,
        ReadOnly, InForce, Shown, "Password of the private key.";
    String "ssl.keymanager.algorithm" = Text("SunX509"), Any,
        PerBroker, NoEffect, Shown, "Java's key manager algorithm.";
    Password "ssl.keystore.certificate.chain" = Null, Any,
        ReadOnly, InForce, Shown, "Certificate chain as PEM.";
    Password "ssl.keystore.key" = Null, Any,
        ReadOnly, InForce, Shown, "Private key as PEM.";
    String "ssl.keystore.location" = Null, Any,
        ReadOnly, InForce, Shown, "File with the node's key and certificate.";
    Password "ssl.keystore.password" = Null, Any,
        ReadOnly, InForce, Shown, "Password of that file.";
    String "ssl.keystore.type" = Text("JKS"), Any,
        ReadOnly, InForce, Shown, "Format of that file.";
    String "ssl.principal.mapping.rules" = Text("DEFAULT"), Any,
        ReadOnly, InForce, Shown, "Rules that shorten names of certificates.";
    String "ssl.protocol" = Text("TLSv1.3"), Any,
        PerBroker, NoEffect, Shown, "TLS version of connections that are opened.";
    String "ssl.provider" = Null, Any,
        PerBroker, NoEffect, Shown, "Java provider of TLS.";
    String "ssl.secure.random.implementation" = Null, Any,
        PerBroker, NoEffect, Shown, "Java's source of randomness for TLS.";
    String "ssl.trustmanager.algorithm" = Text("PKIX"), Any,
        PerBroker, NoEffect, Shown, "Java's trust manager algorithm.";
    Password "ssl.truststore.certificates" = Null, Any,
        ReadOnly, InForce, Shown, "Trusted certificates as PEM.";
    String "ssl.truststore.location" = Null, Any,
        ReadOnly, InForce, Shown, "File with trusted certificates.";
    Password "ssl.truststore.password" = Null, Any,
        ReadOnly, InForce, Shown, "Password of that file.";
    String "ssl.truststore.type" = Text("JKS"), Any,
        ReadOnly, InForce, Shown, "Format of that file.";
    String "super.users" = Text(""), Any,
        ReadOnly, InForce, Shown,
        "Principals that may do everything, separated by semicolons; for the authorizer.";
}
