//! Where the operator is in a list: the selected row and the first row in view. Pure arithmetic; it does not know what
//! the rows are. Keeping the cursor on the same thing while rows come and go is the caller's part: find the row by its
//! key and call `at`.

/// The selected row and the first visible one, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cursor {
    pub selected: usize,
    pub offset: usize,
}

/// One movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    Up,
    Down,
    HalfPageUp,
    HalfPageDown,
    PageUp,
    PageDown,
    Home,
    End,
}

impl Cursor {
    /// The cursor after one movement in a list of `count` rows of which `height` are in view.
    #[must_use]
    pub fn step(self, step: Step, count: usize, height: usize) -> Self {
        let page = height.saturating_sub(1).max(1); // one row stays in view, so that the eye keeps its place
        let half = (height / 2).max(1);
        let selected = match step {
            Step::Up => self.selected.saturating_sub(1),
            Step::Down => self.selected.saturating_add(1),
            Step::HalfPageUp => self.selected.saturating_sub(half),
            Step::HalfPageDown => self.selected.saturating_add(half),
            Step::PageUp => self.selected.saturating_sub(page),
            Step::PageDown => self.selected.saturating_add(page),
            Step::Home => 0,
            Step::End => usize::MAX,
        };
        self.at(selected, count, height)
    }

    /// The cursor on row `selected`, or on the last row when there are fewer, scrolled as little as possible.
    #[must_use]
    pub fn at(self, selected: usize, count: usize, height: usize) -> Self {
        let height = height.max(1); // a view of no rows still has a place to come back to
        let selected = selected.min(count.saturating_sub(1));
        let lowest = (selected + 1).saturating_sub(height);
        let last_page = count.saturating_sub(height);
        let offset = self.offset.clamp(lowest, selected).min(last_page);
        Self { selected, offset }
    }

    /// The same cursor made to fit a list that may have shrunk or a view that may have been resized.
    #[must_use]
    pub fn within(self, count: usize, height: usize) -> Self {
        self.at(self.selected, count, height)
    }

    /// `3/120`: the place in the list for a title; `0/0` when it is empty.
    pub fn position(self, count: usize) -> String {
        format!("{}/{count}", (self.selected + 1).min(count))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moving_below_the_view_scrolls_one_row() {
        let cursor = Cursor {
            selected: 9,
            offset: 0,
        };
        assert_eq!(
            cursor.step(Step::Down, 100, 10),
            Cursor {
                selected: 10,
                offset: 1
            }
        );
        assert_eq!(
            cursor.step(Step::Up, 100, 10),
            Cursor {
                selected: 8,
                offset: 0
            }
        );
    }

    #[test]
    fn home_and_end_show_the_first_and_the_last_page() {
        let end = Cursor::default().step(Step::End, 100, 10);
        assert_eq!(
            end,
            Cursor {
                selected: 99,
                offset: 90
            }
        );
        assert_eq!(end.step(Step::Home, 100, 10), Cursor::default());
    }

    #[test]
    fn rows_that_vanish_pull_the_cursor_back_and_leave_no_gap() {
        let cursor = Cursor {
            selected: 99,
            offset: 90,
        };
        assert_eq!(
            cursor.within(40, 10),
            Cursor {
                selected: 39,
                offset: 30
            }
        );
        assert_eq!(
            cursor.within(3, 10),
            Cursor {
                selected: 2,
                offset: 0
            }
        );
        assert_eq!(cursor.within(0, 10), Cursor::default());
        assert_eq!(Cursor::default().position(0), "0/0");
        assert_eq!(cursor.position(120), "100/120");
    }

    #[test]
    fn a_taller_view_fills_up_from_above() {
        let cursor = Cursor {
            selected: 99,
            offset: 90,
        };
        assert_eq!(cursor.within(100, 20).offset, 80);
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop::sample::select(vec![
            Step::Up,
            Step::Down,
            Step::HalfPageUp,
            Step::HalfPageDown,
            Step::PageUp,
            Step::PageDown,
            Step::Home,
            Step::End,
        ])
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_in_view(
            steps in prop::collection::vec((any_step(), 0usize..200, 0usize..40), 1..40)
        ) {
            let mut cursor = Cursor::default();
            for (step, count, height) in steps {
                cursor = cursor.step(step, count, height);
                prop_assert!(count == 0 || cursor.selected < count);
                prop_assert!(cursor.offset <= cursor.selected);
                prop_assert!(height == 0 || cursor.selected < cursor.offset + height);
            }
        }
    }
}
