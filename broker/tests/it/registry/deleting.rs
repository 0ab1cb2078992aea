//! Soft and hard deletion, and modes, decided without a cluster.

use broker::registry::asked::Asked;
use broker::registry::read;
use broker::registry::refusal::Refusal;
use broker::registry::state::State;
use broker::registry::write::{self, Change};
use serde_json::{Value, json};

use super::http::{one_int, record};

/// A registry without a log: what is decided holds at once.
#[derive(Default)]
pub struct Desk(pub State);

impl Desk {
    pub fn ask(&mut self, method: &str, target: &str, body: &Value) -> Result<Value, Refusal> {
        let asked = Asked {
            method: method.to_owned(),
            target: target.to_owned(),
            body: body.to_string().into(),
        };
        let target = asked.target()?;
        let Some(change) = Change::of(method, &target) else {
            return read::answer(&self.0, "cluster", &asked, &target).unwrap();
        };
        let decision = write::decide(&self.0, change, &asked, &target)?;
        for entry in decision.entries {
            let value = entry.value.as_ref().map(String::as_bytes);
            self.0.take(entry.key.as_bytes(), value).unwrap();
        }
        Ok(decision.answer)
    }

    pub fn get(&mut self, target: &str) -> Result<Value, Refusal> {
        self.ask("GET", target, &Value::Null)
    }

    pub fn delete(&mut self, target: &str) -> Result<Value, Refusal> {
        self.ask("DELETE", target, &Value::Null)
    }

    pub fn register(&mut self, subject: &str, schema: &Value) -> Result<Value, Refusal> {
        let body = json!({"schema": schema.to_string()});
        self.ask("POST", &format!("/subjects/{subject}/versions"), &body)
    }
}

fn code(told: Result<Value, Refusal>) -> u32 {
    told.unwrap_err().code
}

/// Two versions of one subject.
fn two_versions() -> Desk {
    let mut desk = Desk::default();
    desk.register("s", &one_int()).unwrap();
    let wider = json!([{"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 0}]);
    desk.register("s", &record("R", &wider)).unwrap();
    desk
}

#[test]
fn a_deleted_version_is_hidden_until_it_is_asked_for_and_its_number_is_not_given_again() {
    let mut desk = two_versions();
    assert_eq!(
        desk.delete("/subjects/s/versions/2?permanent=true")
            .unwrap_err()
            .code,
        40407
    );
    assert_eq!(desk.delete("/subjects/s/versions/latest"), Ok(json!(2)));
    assert_eq!(desk.get("/subjects/s/versions"), Ok(json!([1])));
    assert_eq!(
        desk.get("/subjects/s/versions?deleted=true"),
        Ok(json!([1, 2]))
    );
    assert_eq!(
        desk.get("/subjects/s/versions?deletedOnly=true"),
        Ok(json!([2]))
    );
    assert_eq!(code(desk.get("/subjects/s/versions/2")), 40402);
    assert_eq!(
        desk.get("/subjects/s/versions/2?deleted=true").unwrap()["id"],
        json!(2)
    );
    assert_eq!(code(desk.delete("/subjects/s/versions/2")), 40406);
    // By its id it can be read for ever: data were written with it.
    assert!(desk.get("/schemas/ids/2").is_ok());
    let wider = json!([{"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 0}]);
    assert_eq!(
        desk.register("s", &record("R", &wider)),
        Ok(json!({"id": 2}))
    );
    assert_eq!(desk.get("/subjects/s/versions"), Ok(json!([1, 3])));
    assert_eq!(
        desk.delete("/subjects/s/versions/2?permanent=true"),
        Ok(json!(2))
    );
    assert_eq!(
        desk.get("/subjects/s/versions?deleted=true"),
        Ok(json!([1, 3]))
    );
}

#[test]
fn the_latest_version_goes_as_long_as_one_lives() {
    let mut desk = two_versions();
    assert_eq!(desk.delete("/subjects/s/versions/latest"), Ok(json!(2)));
    assert_eq!(desk.delete("/subjects/s/versions/latest"), Ok(json!(1)));
    assert_eq!(code(desk.delete("/subjects/s/versions/latest")), 40406);
    assert_eq!(desk.get("/subjects"), Ok(json!([])));
    let gone = desk.delete("/subjects/s/versions/latest?permanent=true");
    assert_eq!(gone, Ok(json!(2)));
}

#[test]
fn a_subject_goes_softly_first_and_then_for_good() {
    let mut desk = two_versions();
    desk.ask("PUT", "/config/s", &json!({"compatibility": "NONE"}))
        .unwrap();
    assert_eq!(code(desk.delete("/subjects/none")), 40401);
    assert_eq!(code(desk.delete("/subjects/s?permanent=true")), 40405);
    assert_eq!(desk.delete("/subjects/s"), Ok(json!([1, 2])));
    assert_eq!(code(desk.delete("/subjects/s")), 40404);
    assert_eq!(desk.get("/subjects"), Ok(json!([])));
    assert_eq!(desk.get("/subjects?deleted=true"), Ok(json!(["s"])));
    assert_eq!(desk.get("/subjects?deletedOnly=true"), Ok(json!(["s"])));
    assert_eq!(code(desk.get("/subjects/s/versions")), 40401);
    assert_eq!(code(desk.get("/config/s")), 40408, "its level went with it");
    assert_eq!(desk.delete("/subjects/s?permanent=true"), Ok(json!([1, 2])));
    assert_eq!(code(desk.delete("/subjects/s?permanent=true")), 40401);
    assert_eq!(code(desk.get("/schemas/ids/1")), 40403);
    assert_eq!(
        desk.register("s", &one_int()),
        Ok(json!({"id": 3})),
        "an id is not given again"
    );
    assert_eq!(desk.get("/subjects/s/versions"), Ok(json!([1])));
}

#[test]
fn a_schema_under_two_subjects_outlives_one_of_them() {
    let mut desk = two_versions();
    desk.register("t", &one_int()).unwrap();
    desk.delete("/subjects/s").unwrap();
    desk.delete("/subjects/s?permanent=true").unwrap();
    assert!(desk.get("/schemas/ids/1").is_ok());
    assert_eq!(desk.get("/schemas/ids/1/subjects"), Ok(json!(["t"])));
    assert_eq!(code(desk.get("/schemas/ids/2")), 40403);
}

#[test]
fn a_subject_for_reading_takes_nothing_and_one_for_import_takes_ids() {
    let mut desk = two_versions();
    let set =
        |desk: &mut Desk, target: &str, mode: &str| desk.ask("PUT", target, &json!({"mode": mode}));
    assert_eq!(
        set(&mut desk, "/mode/s", "READONLY"),
        Ok(json!({"mode": "READONLY"}))
    );
    assert_eq!(code(desk.register("s", &json!("int"))), 42205);
    assert_eq!(code(desk.delete("/subjects/s")), 42205);
    assert_eq!(
        desk.register("s", &one_int()),
        Ok(json!({"id": 1})),
        "what is there is no change"
    );
    assert_eq!(
        desk.get("/mode/t?defaultToGlobal=true"),
        Ok(json!({"mode": "READWRITE"}))
    );
    assert_eq!(desk.delete("/mode/s"), Ok(json!({"mode": "READONLY"})));
    assert_eq!(code(desk.delete("/mode/s")), 40401);

    assert_eq!(code(set(&mut desk, "/mode/s", "IMPORT")), 42205);
    set(&mut desk, "/mode/new", "IMPORT").unwrap();
    let given = |id: i32, text: &str| json!({"schema": text, "id": id, "version": 5});
    let at = "/subjects/new/versions";
    assert_eq!(
        desk.ask("POST", at, &given(77, "\"int\"")),
        Ok(json!({"id": 77}))
    );
    assert_eq!(desk.get(at), Ok(json!([5])));
    assert_eq!(code(desk.ask("POST", at, &given(77, "\"long\""))), 42205);
    assert_eq!(code(desk.register("new", &json!("long"))), 42205);
    assert_eq!(desk.register("s2", &json!("long")), Ok(json!({"id": 78})));
    set(&mut desk, "/mode", "READONLY_OVERRIDE").unwrap();
    assert_eq!(code(desk.register("new", &json!("double"))), 42205);
}
