//! What stands around every screen: header, strip of brokers, footer. They are drawn in every view and
//! behind every dialog, so that a down broker is seen from anywhere.
//!
//! ```text
//!  lookout  prod-eu ▸ Topics ▸ orders      brokers 3/5 ✗   quorum 3/5   under-rep 374   offline 12     read-only  14:06 UTC
//!  ●1 a  ●2 a*  ✗3 b down 4m  ●4 b  ▣5 c fenced 11m
//!  …body…
//!  enter open  / filter  s sort  f faults only  : go to  ? all keys                                      4 of 5 answered
//! ```

pub mod footer;
pub mod header;
pub mod strip;

use ratatui::layout::Rect;

/// The terminal's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    pub header: Rect,
    pub strip: Rect,
    pub body: Rect,
    pub footer: Rect,
}

/// Cuts the terminal: one line each for header, strip and footer, the rest for the screen.
pub fn parts(area: Rect) -> Parts {
    let line = |y: u16| Rect::new(area.x, area.y + y.min(area.height), area.width, u16::from(y < area.height));
    Parts {
        header: line(0),
        strip: line(1),
        body: Rect::new(area.x, area.y + 2.min(area.height), area.width, area.height.saturating_sub(3)),
        footer: line(area.height.saturating_sub(1).max(2)),
    }
}
