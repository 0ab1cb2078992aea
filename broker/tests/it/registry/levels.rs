//! What each level lets in, over a subject of three versions.

use serde_json::{Value, json};

use super::deleting::Desk;
use super::http::record;

fn field(name: &str, default: bool) -> Value {
    let mut field = json!({"name": name, "type": "int"});
    if default {
        field["default"] = json!(0);
    }
    field
}

/// Whether the third schema fits behind the first two.
fn fits(level: &str, versions: [&[Value]; 3]) -> bool {
    let mut desk = Desk::default();
    desk.ask("PUT", "/config", &json!({"compatibility": "NONE"}))
        .unwrap();
    let schema = |fields: &[Value]| record("R", &json!(fields));
    desk.register("s", &schema(versions[0])).unwrap();
    desk.register("s", &schema(versions[1])).unwrap();
    desk.ask("PUT", "/config", &json!({"compatibility": level}))
        .unwrap();
    match desk.register("s", &schema(versions[2])) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.code, 409);
            false
        }
    }
}

#[test]
fn every_level_looks_its_way_and_as_far_as_it_says() {
    let (a, b, c) = (field("a", false), field("b", false), field("c", false));
    let (b_or_0, c_or_0) = (field("b", true), field("c", true));
    let only_a = std::slice::from_ref(&a);
    let added: [&[Value]; 3] = [
        only_a,
        &[a.clone(), b_or_0.clone()],
        &[a.clone(), b_or_0.clone(), c.clone()],
    ];
    let optional: [&[Value]; 3] = [
        only_a,
        &[a.clone(), b_or_0.clone()],
        &[a.clone(), b_or_0.clone(), c_or_0],
    ];
    // Readable with the second, not with the first: `b` has no default.
    let hidden: [&[Value]; 3] = [
        only_a,
        &[a.clone(), b_or_0.clone()],
        &[a.clone(), b.clone()],
    ];
    // Readable by the second, not by the first: `b` is gone, which only the second has a default for.
    let gone: [&[Value]; 3] = [&[a.clone(), b], &[a.clone(), b_or_0], only_a];
    for (level, of_added, of_optional, of_hidden, of_gone) in [
        ("NONE", true, true, true, true),
        ("BACKWARD", false, true, true, true),
        ("BACKWARD_TRANSITIVE", false, true, false, true),
        ("FORWARD", true, true, true, true),
        ("FORWARD_TRANSITIVE", true, true, true, false),
        ("FULL", false, true, true, true),
        ("FULL_TRANSITIVE", false, true, false, false),
    ] {
        let found = [added, optional, hidden, gone].map(|versions| fits(level, versions));
        assert_eq!(
            found,
            [of_added, of_optional, of_hidden, of_gone],
            "{level}"
        );
    }
}

#[test]
fn a_subject_goes_by_its_own_level_and_else_by_that_of_all() {
    let mut desk = Desk::default();
    assert_eq!(
        desk.get("/config"),
        Ok(json!({"compatibilityLevel": "BACKWARD"}))
    );
    desk.ask("PUT", "/config/s", &json!({"compatibility": "NONE"}))
        .unwrap();
    assert_eq!(
        desk.get("/config/s"),
        Ok(json!({"compatibilityLevel": "NONE"}))
    );
    assert_eq!(
        desk.get("/config/t?defaultToGlobal=true"),
        Ok(json!({"compatibilityLevel": "BACKWARD"}))
    );
    desk.register("s", &json!("int")).unwrap();
    desk.register("s", &json!("string")).unwrap();
    desk.register("t", &json!("int")).unwrap();
    assert_eq!(desk.register("t", &json!("string")).unwrap_err().code, 409);
    assert_eq!(
        desk.delete("/config/s"),
        Ok(json!({"compatibilityLevel": "NONE"}))
    );
    assert_eq!(desk.register("s", &json!("boolean")).unwrap_err().code, 409);
    assert_eq!(desk.delete("/config/s").unwrap_err().code, 40401);
}
