//! Line 1: where we are on the left; brokers alive of expected, quorum, faults and the clock on the right.
//!
//! Segments give way from the least important: the broker counter is the last to go.

use crate::model::observed::FailureKind;
use crate::model::snapshot::Totals;
use crate::model::{Place, VerdictKind};
use crate::screens::glyphs;
use crate::screens::{Room as _, Scene, Screen};
use crate::ui::glyph::GlyphSet;
use crate::ui::line::Line;
use crate::ui::text;
use crate::ui::theme::Role;

/// The program's name, with its margins.
const NAME: &str = " lookout  ";

/// What a practice cluster is called, on every screen.
const BADGE: &str = "PRACTICE";

/// One fact of the right side.
struct Segment {
    long: String,
    short: String,
    role: Role,
    /// Who goes first when room is short: the highest.
    rank: u8,
}

/// Left and right side for a width in cells.
pub fn lines(scene: &Scene, trail: &[&Screen], width: usize) -> (Line<'static>, Line<'static>) {
    let glyphs = scene.skin.glyphs;
    let doubt = doubt(scene);
    let margin = NAME.len() + text::width(&doubt);
    let crumbs_width = text::width(&crumbs(scene, trail, width)).min(width / 3);
    let room = width.saturating_sub(crumbs_width + margin + 2);
    let right = fit(segments(scene), room);
    let left_room = width.saturating_sub(right.width(glyphs) + margin + 1);
    let crumbs = crumbs(scene, trail, left_room);
    let mut left = Line::of(NAME, Role::Accent);
    left.push(doubt, Role::Crit);
    match badge(scene).and_then(|(badge, role)| Some((crumbs.split_once(badge)?, badge, role))) {
        Some(((name, way), badge, role)) => {
            left.push(name.to_owned(), Role::Header);
            left.push(badge, role);
            left.push(way.to_owned(), Role::Header);
        }
        None => left.push(crumbs, Role::Header),
    }
    (left, right)
}

/// What must be known of the cluster before a key is pressed.
fn badge(scene: &Scene) -> Option<(&'static str, Role)> {
    if scene.practice.is_some() {
        return Some((BADGE, Role::Warn));
    }
    let badge = scene.snapshot.facts.stakes.badge()?;
    Some((badge, Role::Major))
}

/// What is not checked of the brokers' certificates, before the cluster's name: nobody shall forget it.
fn doubt(scene: &Scene) -> String {
    let doubt = scene.snapshot.facts.doubt;
    doubt.map_or(String::new(), |doubt| format!("{} ", doubt.badge()))
}

/// What a place is called.
pub fn place_name(place: &Place) -> String {
    match place {
        Place::Overview => "Overview".to_owned(),
        Place::Brokers => "Brokers".to_owned(),
        Place::Broker(id) => format!("Broker {id}"),
        Place::Topics { .. } => "Topics".to_owned(),
        Place::Topic(name) => name.to_string(),
        Place::Groups => "Groups".to_owned(),
        Place::Group(id) => id.to_string(),
        Place::Quorum => "Quorum".to_owned(),
        Place::Practice => "Practice".to_owned(),
    }
}

/// Cells that the cluster's name keeps when the way here needs the room.
const NAME_MIN: usize = 8;

/// The cluster and the way here. Where both do not fit, the cluster's name is cut first.
fn crumbs(scene: &Scene, trail: &[&Screen], room: usize) -> String {
    let glyphs = scene.skin.glyphs;
    // A practice cluster has no other name: nobody shall take it for one that matters.
    let name = match scene.practice {
        Some(_) => BADGE.into(),
        None => text::visible(&scene.snapshot.facts.name, glyphs),
    };
    let stakes = scene.snapshot.facts.stakes.badge();
    let mut steps = vec![match stakes.filter(|_| scene.practice.is_none()) {
        Some(badge) => format!(" {badge}"),
        None => String::new(),
    }];
    steps.extend(trail.iter().map(|screen| place_name(&screen.place())));
    let way = steps.join(" ▸ ");
    let way = text::visible(&way, glyphs);
    let left = room.saturating_sub(text::width(&way)).max(NAME_MIN);
    let name = text::truncate(&name, left, glyphs);
    text::truncate(&format!("{name}{way}"), room, glyphs).into_owned()
}

fn segments(scene: &Scene) -> Vec<Segment> {
    let totals = &scene.snapshot.totals;
    let mut segments = vec![brokers(scene, totals)];
    segments.extend(quorum(scene, totals));
    let faults = [
        (totals.under_replicated, "under-rep", "ur", Role::Warn),
        (totals.no_leader, "offline", "off", Role::Crit),
    ];
    for (count, long, short, role) in faults {
        if count > 0 {
            let (long, short) = (format!("{long} {count}"), format!("{short} {count}"));
            segments.push(Segment {
                long,
                short,
                role,
                rank: 2,
            });
        }
    }
    let mode = Segment {
        long: "read-only".into(),
        short: "ro".into(),
        role: Role::Dim,
        rank: 5,
    };
    segments.push(mode);
    let clock = scene.now.clock_utc();
    let long = format!("{clock} UTC");
    segments.push(Segment {
        long,
        short: clock,
        role: Role::Header,
        rank: 4,
    });
    segments
}

/// `brokers 3/5 ✗`: red when fewer are up than expected, or when one that is alive is in trouble (`5/5 !1`).
fn brokers(scene: &Scene, totals: &Totals) -> Segment {
    let sign = |kind| glyphs::glyph(kind).of(scene.skin.glyphs);
    if scene.snapshot.no_contact() {
        let mark = sign(VerdictKind::NoContact);
        let short = match totals.expected {
            0 => format!("brokers {mark}"),
            expected => format!("brokers {mark}/{expected}"),
        };
        return Segment {
            long: format!("{short} no contact"),
            short,
            role: Role::Crit,
            rank: 0,
        };
    }
    if totals.expected == 0 {
        let words = "brokers –".to_owned();
        return Segment {
            long: words.clone(),
            short: words,
            role: Role::Header,
            rank: 0,
        };
    }
    let mut words = format!("brokers {}/{}", totals.alive, totals.expected);
    let mut role = if scene.is_old() {
        Role::Stale
    } else {
        Role::Ok
    };
    if totals.alive < totals.expected {
        words.push(' ');
        words.push(sign(VerdictKind::Down));
        role = Role::HeaderBad;
    }
    if totals.alive_but_bad > 0 {
        words.push_str(" !");
        words.push_str(&totals.alive_but_bad.to_string());
        role = Role::HeaderBad;
    }
    Segment {
        long: words.clone(),
        short: words,
        role,
        rank: 0,
    }
}

fn quorum(scene: &Scene, totals: &Totals) -> Option<Segment> {
    let (long, short) = match totals.quorum {
        Some((caught_up, voters)) if !totals.quorum_lost => (
            format!("quorum {caught_up}/{voters}"),
            format!("q {caught_up}/{voters}"),
        ),
        Some((_, voters)) => (format!("quorum lost /{voters}"), "q lost".to_owned()),
        None if totals.quorum_lost => ("quorum lost".to_owned(), "q lost".to_owned()),
        None if not_offered(scene) => return None,
        None => ("quorum –".to_owned(), "q –".to_owned()),
    };
    let role = match totals.quorum {
        _ if scene.is_old() => Role::Stale,
        _ if totals.quorum_lost => Role::Crit,
        Some((caught_up, voters)) if caught_up < voters => Role::Major,
        Some(_) | None => Role::Header,
    };
    Some(Segment {
        long,
        short,
        role,
        rank: 3,
    })
}

/// Whether this cluster has no quorum to tell of: ZooKeeper, Redpanda.
fn not_offered(scene: &Scene) -> bool {
    let failure = scene.snapshot.facts.quorum.failure();
    failure.is_some_and(|failure| failure.kind == FailureKind::NotOffered)
}

/// Long words where they fit, short ones where not, and what is least important left out.
fn fit(mut segments: Vec<Segment>, room: usize) -> Line<'static> {
    for (long, gap) in [(true, 3), (true, 2), (false, 2)] {
        let line = spaced(&segments, long, gap);
        if line.width(GlyphSet::Unicode) <= room {
            return line;
        }
    }
    loop {
        let line = spaced(&segments, false, 2);
        if segments.len() <= 1 || line.width(GlyphSet::Unicode) <= room {
            return line;
        }
        let worst = segments.iter().map(|segment| segment.rank).max();
        segments.retain({
            let mut dropped = false;
            move |segment| {
                let drop = !dropped && Some(segment.rank) == worst;
                dropped |= drop;
                !drop
            }
        });
    }
}

fn spaced(segments: &[Segment], long: bool, gap: usize) -> Line<'static> {
    let mut line = Line::new();
    for segment in segments {
        let words = if long { &segment.long } else { &segment.short };
        line.push(words.clone(), segment.role);
        line.push(" ".repeat(gap), Role::Header);
    }
    line.spans.pop();
    line.push(" ", Role::Header);
    line
}
