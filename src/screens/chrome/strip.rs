//! Line 2: every known broker as glyph and id. Where they do not fit, healthy ones fold into `●×41`; broken
//! ones are named, the worst first where room is short, and what still does not fit is counted. At its right end an old picture tells its age.

use crate::model::{BrokerView, VerdictKind};
use crate::screens::glyphs;
use crate::screens::{Scene, Standing};
use crate::ui::line::Line;
use crate::ui::text;
use crate::ui::theme::Role;

/// Cells between two brokers, and where room is short.
const GAP: usize = 2;
const TIGHT_GAP: usize = 1;

/// How much is said of each broker; each step is narrower than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    RackAndAge,
    Age,
    Glyph,
    HealthyFolded,
    /// The worst first, one blank apart.
    Tight,
}

const STEPS: [Detail; 5] = [
    Detail::RackAndAge,
    Detail::Age,
    Detail::Glyph,
    Detail::HealthyFolded,
    Detail::Tight,
];

/// One broker's words, or those of a fold of several.
type Cell = (String, Role);

/// The strip for a width in cells: the brokers on the left, the age of an old picture on the right.
pub fn lines(scene: &Scene, width: usize) -> (Line<'static>, Line<'static>) {
    let whole = brokers(scene, width);
    let needed = whole.width(scene.skin.glyphs);
    let Some([long, short]) = age(scene) else {
        return (whole, Line::new());
    };
    for words in [long, short] {
        let taken = text::width(&words) + GAP;
        if needed + taken <= width {
            return (whole, Line::of(words, Role::HeaderBad));
        }
        // It does not fit beside all that there is to say of the brokers: they say less.
        if taken + BROKERS_MIN <= width {
            let room = width - taken;
            let shorter = brokers(scene, room);
            if shorter.width(scene.skin.glyphs) <= room && !shortened(&shorter) {
                return (shorter, Line::of(words, Role::HeaderBad));
            }
        }
    }
    (whole, Line::new())
}

/// Cells that the brokers keep beside the age.
const BROKERS_MIN: usize = 12;

/// Whether some brokers were only counted.
fn shortened(line: &Line<'_>) -> bool {
    line.spans
        .last()
        .is_some_and(|span| span.text.starts_with('+'))
}

/// What is old about the picture, in long and short words.
fn age(scene: &Scene) -> Option<[String; 2]> {
    let now = scene.now;
    Some(match scene.standing() {
        Standing::Current => return None,
        Standing::Old(at) => {
            let (age, clock) = (at.age(now), at.clock_utc());
            [
                format!(" {age} old: this is the state of {clock} UTC "),
                format!(" {age} old "),
            ]
        }
        Standing::NoContact(at) => {
            let (age, clock) = (at.age(now), at.clock_utc());
            match scene.snapshot.facts.topology.value() {
                Some(_) => [
                    format!(" no contact for {age}: this is the state of {clock} UTC "),
                    format!(" state of {clock}, {age} old "),
                ],
                None => [
                    format!(" no contact for {age} "),
                    format!(" no contact {age} "),
                ],
            }
        }
    })
}

fn brokers(scene: &Scene, width: usize) -> Line<'static> {
    let brokers = &scene.snapshot.brokers;
    if brokers.is_empty() {
        let starting = scene.practice.filter(|practice| practice.starting);
        let words = match starting.and_then(|practice| practice.notice.as_ref()) {
            Some(notice) => format!(" {}", notice.text),
            None if starting.is_some() => " starting the practice cluster…".to_owned(),
            None if scene.snapshot.no_contact() => " no broker has answered yet".to_owned(),
            None => " connecting…".to_owned(),
        };
        return Line::of(words, Role::Dim);
    }
    let room = width.saturating_sub(1);
    let mut cells = Vec::new();
    let mut gap = GAP;
    for detail in STEPS {
        cells = cells_at(scene, brokers, detail);
        gap = if detail == Detail::Tight {
            TIGHT_GAP
        } else {
            GAP
        };
        if total(&cells, gap) <= room {
            break;
        }
    }
    let mut line = Line::new();
    for (index, (words, role)) in cut(cells, gap, room).into_iter().enumerate() {
        line.push(" ".repeat(if index == 0 { 1 } else { gap }), Role::Text);
        line.push(words, if scene.is_old() { Role::Stale } else { role });
    }
    line
}

fn total(cells: &[Cell], gap: usize) -> usize {
    let width = cells
        .iter()
        .map(|(words, _)| text::width(words) + gap)
        .sum::<usize>();
    width.saturating_sub(gap)
}

fn cells_at(scene: &Scene, brokers: &[BrokerView], detail: Detail) -> Vec<Cell> {
    let is_up = |broker: &&BrokerView| broker.verdict.kind == VerdictKind::Up;
    match detail {
        Detail::RackAndAge | Detail::Age | Detail::Glyph => brokers
            .iter()
            .map(|broker| one(scene, broker, detail))
            .collect(),
        Detail::HealthyFolded | Detail::Tight => {
            let mut broken: Vec<&BrokerView> = brokers.iter().filter(|b| !is_up(b)).collect();
            if detail == Detail::Tight {
                broken.sort_by_key(|broker| broker.verdict.kind);
            }
            let healthy = brokers.len() - broken.len();
            let folded = (healthy > 0).then(|| fold(scene, VerdictKind::Up, healthy));
            let named = broken
                .into_iter()
                .map(|broker| one(scene, broker, Detail::Glyph));
            folded.into_iter().chain(named).collect()
        }
    }
}

fn one(scene: &Scene, broker: &BrokerView, detail: Detail) -> Cell {
    let kind = broker.verdict.kind;
    let mut words = format!("{}{}", glyphs::glyph(kind).of(scene.skin.glyphs), broker.id);
    if broker.quorum_leader {
        words.push('*');
    }
    if detail == Detail::RackAndAge
        && let Some(rack) = &broker.rack
    {
        words.push(' ');
        words.push_str(rack);
    }
    if matches!(detail, Detail::RackAndAge | Detail::Age) && kind != VerdictKind::Up {
        words.push(' ');
        words.push_str(&kind.words().to_lowercase());
        if let Some(since) = broker.verdict.since {
            words.push(' ');
            words.push_str(&since.length(scene.now));
        }
    }
    (
        text::visible(&words, scene.skin.glyphs).into_owned(),
        glyphs::role(kind),
    )
}

fn fold(scene: &Scene, kind: VerdictKind, count: usize) -> Cell {
    let words = format!("{}×{count}", glyphs::glyph(kind).of(scene.skin.glyphs));
    (words, glyphs::role(kind))
}

/// Keeps what fits and says how many are left out.
fn cut(mut cells: Vec<Cell>, gap: usize, room: usize) -> Vec<Cell> {
    let mut left_out = 0;
    let more = |left_out: usize| format!("+{left_out}");
    while cells.len() > 1 {
        let extra = if left_out == 0 {
            0
        } else {
            gap + more(left_out).len()
        };
        if total(&cells, gap) + extra <= room {
            break;
        }
        cells.pop();
        left_out += 1;
    }
    if left_out > 0 {
        cells.push((more(left_out), Role::Crit));
    }
    cells
}
