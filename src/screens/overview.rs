//! The first screen: what is wrong, since when, what next; then the brokers, then who needs attention.
//!
//! ```text
//! ┌ Findings ─────────────────────────────────────────────────────────────────────────────┐
//! │ CRIT  2 of 5 brokers are DOWN: 3 (4m, …) 5 (15m, …)        412 + 398 replicas affected │
//! │ MAJOR …                                                                                 │
//! │       since 14:02 UTC · Bring a broker back …                                           │
//! └─────────────────────────────────────────────────────────────────────────────────────────┘
//!    ID  HOST                RACK  STATE              LEADERS  PREF%  REPLICAS  UNDER  DISK  RTT
//!  ●  1  kafka-1:9092        a     up                     214    71%       602      0  …
//!  Most lag: billing 1.2M   search 40k                                      Moves: none
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crossterm::event::KeyCode;

use crate::action::{Action, Binding, key};
use crate::model::{BrokerId, Finding, Place, Rule, units};
use crate::screens::brokers::{self, Field};
use crate::screens::findings;
use crate::screens::listing::{self, Listing};
use crate::screens::window::BORDERS;
use crate::screens::{Reply, Room, Scene, Standing};
use crate::ui::columns::Column;
use crate::ui::line::{self, Line};
use crate::ui::panel;
use crate::ui::table::Table;
use crate::ui::text::{self, Align};
use crate::ui::theme::Role;

/// Keys of the screen alone.
pub const KEYS: &[Binding] = &[Binding::footer(
    &[key(KeyCode::Tab)],
    Action::NextPane,
    "findings/brokers",
)];

/// The part of the screen that keys move in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pane {
    Findings,
    Brokers,
}

/// The screen.
#[derive(Debug)]
pub struct Overview {
    pane: Pane,
    /// By rule and subject, so that the selection stays while findings come and go.
    findings: Listing<(Rule, String), ()>,
    brokers: Listing<BrokerId, Field>,
    /// The last line: told once per data, since it reads every group.
    movers: Line<'static>,
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            pane: Pane::Findings,
            findings: Listing::new(&[]),
            brokers: Listing::new(brokers::SORTS),
            movers: Line::new(),
        }
    }
}

/// Where the parts lie.
struct Parts {
    findings: Rect,
    brokers: Rect,
    movers: Rect,
}

/// Findings get what they need up to two thirds of the screen, but leave the brokers a handful of rows. The movers
/// stand on the last line.
fn parts(scene: &Scene, area: Rect) -> Parts {
    let movers = u16::from(area.height > 3 * BORDERS);
    let room = area.height - movers;
    let brokers = u16::try_from(scene.snapshot.brokers.len().max(1))
        .unwrap_or(u16::MAX)
        .min(BROKERS_MIN)
        .saturating_add(TABLE_HEADER)
        .min(room / 2);
    let inside = area.width.saturating_sub(BORDERS);
    let findings = findings::rows(scene, inside)
        .saturating_add(BORDERS)
        .min((room * 2 / 3).max(BORDERS + 1))
        .min(room - brokers);
    let below = listing::below(area, findings);
    Parts {
        findings: Rect {
            height: findings,
            ..area
        },
        brokers: Rect {
            height: below.height - movers,
            ..below
        },
        movers: Rect {
            y: below.bottom().saturating_sub(movers),
            height: movers,
            ..below
        },
    }
}

/// Rows of a table above its first row.
const TABLE_HEADER: u16 = 1;
/// Brokers that stay in view whatever there is to report.
const BROKERS_MIN: u16 = 5;

impl Overview {
    fn finding<'a>(&self, scene: &Scene<'a>) -> Option<&'a Finding> {
        scene.snapshot.findings.get(self.findings.cursor.selected)
    }

    fn heights(scene: &Scene) -> (usize, usize) {
        let parts = parts(scene, scene.body);
        let inside = Rect {
            width: parts.findings.width.saturating_sub(BORDERS),
            height: parts.findings.height.saturating_sub(BORDERS),
            ..parts.findings
        };
        let (listed, _) = findings::split(scene, inside);
        (
            usize::from(listed.height),
            Table::rows_in(parts.brokers.height),
        )
    }

    fn draw_findings(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let found = &scene.snapshot.findings;
        let title = match found.len() {
            0 | 1 => "Findings".to_owned(),
            count => format!("Findings {}", self.findings.cursor.position(count)),
        };
        let title = Line::of(title, Role::Title);
        let inner = panel::draw(&title, &Line::new(), area, buffer, scene.skin);
        if found.is_empty() {
            let words = match scene.snapshot.facts.topology.value() {
                Some(_) => Line::of(" nothing to report", Role::Ok),
                None => waiting(scene),
            };
            line::draw(&words, Align::Left, inner, buffer, scene.skin);
            return;
        }
        let list = findings::List {
            cursor: self.findings.cursor,
            chosen: match self.pane {
                Pane::Findings => findings::Chosen::ByKeys,
                Pane::Brokers => findings::Chosen::Elsewhere,
            },
        };
        list.draw(scene, inner, buffer);
    }

    fn draw_brokers(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let columns = brokers::columns();
        let shown: Vec<Column> = columns.iter().map(|(_, column)| column.clone()).collect();
        let cursor = (self.pane == Pane::Brokers).then_some(self.brokers.cursor);
        let empty = self.brokers.empty(
            &scene.snapshot.facts.topology,
            "no broker",
            "no broker is known",
        );
        let table = Table {
            columns: &shown,
            sort: None,
            cursor,
            empty: empty.into(),
        };
        let rows = self.brokers.rows();
        let row = |index: usize| {
            rows.get(index)
                .map(|id| brokers::row(scene, *id, &columns))
                .unwrap_or_default()
        };
        table.draw(rows.len(), row, area, buffer, scene.skin);
    }
}

impl Room for Overview {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[listing::OPEN, listing::LEAVE, KEYS, listing::MOVES]
    }

    fn place(&self) -> Place {
        Place::Overview
    }

    /// Where not all brokers have a row, the worst off come first.
    fn settle(&mut self, scene: &Scene) {
        self.movers = movers(scene);
        let (findings, brokers) = Self::heights(scene);
        let known = scene.snapshot.findings.iter();
        let rows = known
            .map(|finding| (finding.rule, finding.subject.clone()))
            .collect();
        self.findings.stay_first(); // the worst is told in full until somebody moves to another
        self.findings.settle(rows, findings);
        let mut rows = brokers::rows(scene, &self.brokers);
        if rows.len() > brokers {
            rows.sort_by_key(|id| brokers::urgency(scene, *id));
        }
        self.brokers.settle(rows, brokers);
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        let (findings, brokers) = Self::heights(scene);
        match (action, self.pane) {
            (Action::NextPane, Pane::Findings) => self.pane = Pane::Brokers,
            (Action::NextPane, Pane::Brokers) => self.pane = Pane::Findings,
            (Action::Open, Pane::Findings) => {
                return self
                    .finding(scene)
                    .map_or(Reply::Stay, |f| Reply::Go(f.place.clone()));
            }
            (Action::Open, Pane::Brokers) => {
                let selected = self.brokers.selected();
                return selected.map_or(Reply::Stay, |id| Reply::Go(Place::Broker(*id)));
            }
            (other, Pane::Findings) => {
                self.findings.act(other, findings);
            }
            (other, Pane::Brokers) => {
                self.brokers.act(other, brokers);
            }
        }
        Reply::Stay
    }

    /// Without contact the findings tell why: that is news.
    fn current_rows(&self, scene: &Scene) -> u16 {
        match scene.standing() {
            Standing::NoContact(_) => parts(scene, scene.body).findings.height,
            Standing::Current | Standing::Old(_) => 0,
        }
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let parts = parts(scene, area);
        self.draw_findings(scene, parts.findings, buffer);
        self.draw_brokers(scene, parts.brokers, buffer);
        line::draw(&self.movers, Align::Left, parts.movers, buffer, scene.skin);
    }
}

/// What there is to say before the first answer: who is asked, and why those who failed did.
fn waiting(scene: &Scene) -> Line<'static> {
    match scene.snapshot.facts.contact_failures.first() {
        Some(reason) => Line::of(reason.to_string(), Role::Crit),
        None => Line::of(format!("asking {}…", scene.snapshot.facts.name), Role::Dim),
    }
}

/// Groups named on the last line.
const MOVERS: usize = 3;

/// Cells of each name.
const NAME_CELLS: usize = 24;

/// The groups with the most lag, and what moves.
fn movers(scene: &Scene) -> Line<'static> {
    let glyphs = scene.skin.glyphs;
    let mut line = Line::new();
    if let Some(groups) = scene.snapshot.facts.groups.value() {
        let mut lagging: Vec<(i64, usize, &str)> = Vec::new();
        let mut unknown = 0;
        for group in groups.by_id.values() {
            match group.lag() {
                (Some(lag), open) if lag > 0 => lagging.push((lag, open, &group.id)),
                (_, 0) if group.offsets.value().is_some() => {}
                (_, _) => unknown += 1,
            }
        }
        lagging.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(b.2)));
        let head = match (lagging.is_empty(), unknown) {
            (false, _) => " Most lag:".to_owned(),
            (true, 0) if groups.coverage.partial() => " No group known here lags".to_owned(),
            (true, 0) => " No group lags".to_owned(),
            (true, unknown) => format!(" Lag of {unknown} groups unknown"),
        };
        line.push(head, Role::Dim);
        for (lag, open, id) in lagging.into_iter().take(MOVERS) {
            let name = text::visible(id, glyphs);
            let name = text::truncate(&name, NAME_CELLS, glyphs);
            let bound = if open > 0 { "≥" } else { "" };
            line.push(format!(" {name}"), Role::Text);
            line.push(format!(" {bound}{} ", units::short(lag)), Role::Title);
        }
    }
    if let Some(moves) = scene.snapshot.facts.moves.value() {
        match moves.len() {
            0 => line.push("   Moves: none", Role::Dim),
            count => line.push(format!("   Moves: {count} partitions"), Role::Accent),
        }
    }
    line
}
