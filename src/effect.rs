//! All that may be asked of the outside. Only [`crate::app`] carries these out.

use crate::model::{Focus, Order};

/// One request to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Fetch details of what the operator looks at.
    Focus(Focus),
    /// Poll everything now instead of at the next turn.
    Refresh,
    /// Break or mend the practice cluster.
    Practice(Order),
    /// Draw every cell again.
    Redraw,
    /// Hand the terminal back to the shell until we are continued.
    Suspend,
    /// End the program.
    Quit,
}
