//! The practice cluster: its processes, to break and to mend. What the cluster makes of it is on the other screens.
//!
//! ```text
//!  4 of 5 nodes run · demo clients run · ends with this screen
//!    ID  RACK  STATE       PID  ADDRESS          LEADERS  CANNOT REACH
//!  ●  1  a     running   40211  127.0.0.1:10101       12  –
//!  ✗  3  b     killed        –  127.0.0.1:10103        0  –
//!  node 3 killed
//! ```

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding, char, key};
use crate::model::practice::{Owner, Ways};
use crate::model::{BrokerId, NodeState, Observed, Order, Place, Practice, PracticeNode};
use crate::screens::glyphs;
use crate::screens::listing::{self, Listing, Sheet};
use crate::screens::{Reply, Room, Scene, cells};
use crate::ui::columns::Column;
use crate::ui::line::{self, Line};
use crate::ui::table::Row;
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Glyph,
    Id,
    Rack,
    State,
    Pid,
    Address,
    Leaders,
    CutFrom,
}

fn columns() -> Vec<(Field, Column)> {
    vec![
        (Field::Glyph, Column::new("", 1)),
        (Field::Id, Column::new("ID", 3).right()),
        (Field::Rack, Column::new("RACK", 4)),
        (Field::State, Column::new("STATE", 8)),
        (Field::Pid, Column::new("PID", 8).right()),
        (Field::Address, Column::new("ADDRESS", 15)),
        (Field::Leaders, Column::new("LEADERS", 7).right()),
        (Field::CutFrom, Column::name("CANNOT REACH", 12, 40)),
    ]
}

/// Orders, and moving about without the letters that order something.
const ORDERS: &[Binding] = &[
    Binding::footer(&[char('k')], Action::Kill, "kill"),
    Binding::footer(&[char('s')], Action::Stop, "stop"),
    Binding::footer(&[char('p')], Action::Pause, "pause"),
    Binding::footer(&[char('r')], Action::Start, "start"),
    Binding::footer(&[char('c')], Action::Cut, "cut"),
    Binding::always(&[char('h')], Action::Heal, "heal"),
    Binding::help(&[key(KeyCode::Enter)], Action::Open, "the broker"),
    Binding::help(&[key(KeyCode::Up)], Action::Up, "node up"),
    Binding::help(&[key(KeyCode::Down), char('j')], Action::Down, "node down"),
];

/// Keys while the other end of a cut is chosen.
pub const CUTTING: &[Binding] = &[
    Binding::footer(&[key(KeyCode::Enter), char('c')], Action::Open, "cut"),
    Binding::footer(&[char('o')], Action::Ways, "one way"),
    Binding::help(&[key(KeyCode::Up), char('k')], Action::Up, "node up"),
    Binding::help(&[key(KeyCode::Down), char('j')], Action::Down, "node down"),
];

/// A cut whose other end is being chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    from: BrokerId,
    ways: Ways,
}

/// The screen.
#[derive(Debug)]
pub struct PracticePage {
    list: Listing<BrokerId, Field>,
    cut: Option<Cut>,
}

impl Default for PracticePage {
    fn default() -> Self {
        Self {
            list: Listing::new(&[]),
            cut: None,
        }
    }
}

/// Rows below the table: what is being chosen, and what the last order came to.
const BELOW: u16 = 2;

impl Room for PracticePage {
    fn keys(&self) -> &'static [&'static [Binding]] {
        match self.cut {
            Some(_) => &[CUTTING],
            None => &[ORDERS],
        }
    }

    fn place(&self) -> Place {
        Place::Practice
    }

    fn cancel(&mut self) -> bool {
        self.cut.take().is_some()
    }

    fn settle(&mut self, scene: &Scene) {
        if let Some(practice) = scene.practice {
            let rows = practice.nodes.iter().map(|node| node.id).collect();
            self.list.settle(rows, height(scene));
        }
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        let selected = self.list.selected().copied();
        let node = selected.and_then(|id| scene.practice?.node(id));
        let Some(node) = node else {
            return Reply::Stay;
        };
        if let Some(cut) = self.cut {
            return self.choose(action, cut, node.id, scene);
        }
        match order(action, node) {
            Some(order) => return Reply::Practice(order),
            None if action == Action::Open => return Reply::Go(Place::Broker(node.id)),
            None if action == Action::Cut => {
                self.cut = Some(Cut {
                    from: node.id,
                    ways: Ways::Both,
                });
            }
            None => {
                self.list.act(action, height(scene));
            }
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let columns = columns();
        let Some(practice) = scene.practice else {
            let none = Line::of(" this is no practice cluster", Role::Dim);
            line::draw(&none, Align::Left, area, buffer, scene.skin);
            return;
        };
        let empty = self.list.empty(&Observed::<()>::default(), "", "");
        let table = Rect {
            height: area.height.saturating_sub(BELOW),
            ..area
        };
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary: summary(practice),
            empty: &empty,
        };
        sheet.draw(scene, table, buffer, |id| row(scene, *id, &columns));
        let below = listing::below(area, table.height);
        for (y, words) in (below.top()..below.bottom()).zip([self.prompt(), notice(practice)]) {
            let place = Rect {
                y,
                height: 1,
                ..below
            };
            line::draw(&words, Align::Left, place, buffer, scene.skin);
        }
    }
}

impl PracticePage {
    /// A key while the other end of a cut is chosen.
    fn choose(&mut self, action: Action, cut: Cut, to: BrokerId, scene: &Scene) -> Reply {
        match action {
            Action::Open if to != cut.from => {
                self.cut = None;
                return Reply::Practice(Order::Cut {
                    from: cut.from,
                    to,
                    ways: cut.ways,
                });
            }
            Action::Ways => {
                let ways = match cut.ways {
                    Ways::Both => Ways::One,
                    Ways::One => Ways::Both,
                };
                self.cut = Some(Cut { ways, ..cut });
            }
            _ => {
                self.list.act(action, height(scene));
            }
        }
        Reply::Stay
    }

    /// What is being chosen.
    fn prompt(&self) -> Line<'static> {
        let Some(Cut { from, ways }) = self.cut else {
            return Line::new();
        };
        let words = match ways {
            Ways::Both => format!(" cut {from} and which node off from each other?"),
            Ways::One => {
                format!(" which node shall {from} not reach, while it still reaches {from}?")
            }
        };
        Line::of(words, Role::Accent)
    }
}

/// Rows of the table.
fn height(scene: &Scene) -> usize {
    listing::height(scene.body).saturating_sub(usize::from(BELOW))
}

/// What an action orders of this node; nothing for one that is no order.
fn order(action: Action, node: &PracticeNode) -> Option<Order> {
    let id = node.id;
    Some(match action {
        Action::Kill => Order::Kill(id),
        Action::Stop => Order::Stop(id),
        Action::Pause if node.state == NodeState::Paused => Order::Resume(id),
        Action::Pause => Order::Pause(id),
        Action::Start if node.state.is_alive() => Order::Restart(id),
        Action::Start => Order::Start(id),
        Action::Heal => Order::Heal,
        _ => return None,
    })
}

fn summary(practice: &Practice) -> Line<'static> {
    let (alive, all) = (practice.alive(), practice.nodes.len());
    let role = if alive < all { Role::Major } else { Role::Ok };
    let clients = if practice.workload {
        "demo clients run"
    } else {
        "demo clients do not run"
    };
    let owner = match practice.owner {
        Owner::Nobody => "runs until `lookout practice down`",
        Owner::Us => "ends with this screen",
        Owner::AnotherScreen => "ends with the screen that started it",
    };
    Line::of(format!(" {alive} of {all} nodes run"), role)
        .with(format!(" · {clients} · {owner}"), Role::Dim)
}

fn notice(practice: &Practice) -> Line<'static> {
    let Some(notice) = &practice.notice else {
        return Line::new();
    };
    let role = if notice.is_failure {
        Role::Crit
    } else {
        Role::Text
    };
    // A failure brings lines of a log along: the last one says why.
    let mut lines = notice.text.lines();
    let first = lines.next().unwrap_or_default();
    let words = match lines.next_back() {
        Some(last) => format!(" {first} … {last}"),
        None => format!(" {first}"),
    };
    Line::of(words, role)
}

fn row(scene: &Scene, id: BrokerId, columns: &[(Field, Column)]) -> Row<'static> {
    let node = scene.practice.and_then(|practice| practice.node(id));
    node.map_or_else(Row::default, |node| {
        let fields = columns.iter().map(|(field, _)| cell(scene, node, *field));
        Row::new(fields.collect())
    })
}

fn cell(scene: &Scene, node: &PracticeNode, field: Field) -> Line<'static> {
    let broker = scene.snapshot.broker(node.id);
    match field {
        Field::Glyph => broker.map_or_else(cells::unknown, |broker| {
            let kind = broker.verdict.kind;
            let glyph = glyphs::glyph(kind).of(scene.skin.glyphs);
            Line::of(glyph.to_string(), glyphs::role(kind))
        }),
        Field::Id => Line::of(node.id.to_string(), Role::Text),
        Field::Rack => Line::of(node.rack.to_string(), Role::Text),
        Field::State => Line::of(
            node.state.word(),
            match node.state {
                NodeState::Running => Role::Ok,
                NodeState::Paused | NodeState::Stopped => Role::Warn,
                NodeState::Killed | NodeState::Ended => Role::Crit,
                NodeState::New => Role::Dim,
            },
        ),
        Field::Pid => node
            .pid
            .map_or_else(cells::unknown, |pid| Line::of(pid.to_string(), Role::Dim)),
        Field::Address => Line::of(node.endpoint.to_string(), Role::Text),
        Field::Leaders => cells::number(broker.and_then(|b| b.leaders), Role::Text),
        Field::CutFrom => faults(node),
    }
}

/// Whom it cannot reach, and its other faults.
fn faults(node: &PracticeNode) -> Line<'static> {
    let mut words: Vec<String> = node.cut_from.iter().map(ToString::to_string).collect();
    words.extend(node.faults.iter().map(std::string::ToString::to_string));
    if words.is_empty() {
        return cells::unknown();
    }
    Line::of(words.join(", "), Role::Major)
}
