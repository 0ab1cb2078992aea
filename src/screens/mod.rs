//! The rooms: one file per screen with its keys, state, update and view, and the bricks they share.
//!
//! A screen reads the [`Scene`] and changes nothing but itself. It never waits, reads a clock or asks the cluster.

pub mod broker;
pub mod brokers;
pub mod cells;
pub mod chrome;
pub mod findings;
pub mod frame;
pub mod glyphs;
pub mod group;
pub mod groups;
pub mod help;
pub mod listing;
pub mod overview;
pub mod palette;
pub mod partition;
pub mod practice;
pub mod quorum;
pub mod topic;
pub mod topics;
pub mod window;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding};
use crate::model::{Focus, Moment, Order, Place, Practice, Snapshot};
use crate::ui::line::Skin;

/// All that a view may see.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub snapshot: &'a Snapshot,
    pub now: Moment,
    pub skin: &'a Skin,
    /// The practice cluster, where the screen is opened on it.
    pub practice: Option<&'a Practice>,
    /// The part of the terminal that belongs to the screen.
    pub body: Rect,
}

/// How far the picture can be trusted as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Current,
    /// Brokers answer, but the cluster's state was learned at this moment and is overdue.
    Old(Moment),
    /// No broker has answered since this moment; what is shown is of that time.
    NoContact(Moment),
}

impl Scene<'_> {
    /// How far the picture can be trusted as a whole.
    pub fn standing(&self) -> Standing {
        let facts = &self.snapshot.facts;
        let topology = &facts.topology;
        match (facts.no_contact_since, topology.at()) {
            (Some(since), at) => Standing::NoContact(at.unwrap_or(since)),
            (None, Some(at)) if at.age(self.now) > cells::overdue_after(self) => Standing::Old(at),
            (None, _) => Standing::Current,
        }
    }

    /// Whether the screen shows what was, and dims it.
    pub fn is_old(&self) -> bool {
        self.standing() != Standing::Current
    }
}

/// What a screen wants after an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Stay,
    Go(Place),
    Practice(Order),
}

/// What every screen can do.
pub trait Room {
    /// Its rows of keys, beside those that hold everywhere.
    fn keys(&self) -> &'static [&'static [Binding]];
    /// Where this is.
    fn place(&self) -> Place;
    /// Which details the pollers should fetch while it is shown.
    fn focus(&self) -> Focus {
        Focus::Cluster
    }
    /// Its filter, where it has one.
    fn filter(&self) -> Option<&str> {
        None
    }
    /// Sets its filter.
    fn set_filter(&mut self, _filter: &str) {}
    /// Gives up what it was asked in part. Whether there was anything.
    fn cancel(&mut self) -> bool {
        false
    }
    /// Finds its rows anew: the data, the size or the filter changed.
    fn settle(&mut self, scene: &Scene);
    /// Obeys an action.
    fn update(&mut self, action: Action, scene: &Scene) -> Reply;
    /// Rows at its top that tell of now even when the rest of the picture is old: those are not dimmed.
    fn current_rows(&self, _scene: &Scene) -> u16 {
        0
    }
    /// Draws itself into `area`.
    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer);
}

/// One of the screens.
#[derive(Debug)]
pub enum Screen {
    Overview(overview::Overview),
    Brokers(brokers::Brokers),
    Broker(broker::BrokerPage),
    Topics(topics::TopicsList),
    Topic(topic::TopicPage),
    Groups(groups::GroupsList),
    Group(group::GroupPage),
    Quorum(quorum::QuorumPage),
    Practice(practice::PracticePage),
}

impl Screen {
    /// The screen that shows a place.
    pub fn at(place: &Place) -> Self {
        match place {
            Place::Overview => Self::Overview(overview::Overview::default()),
            Place::Brokers => Self::Brokers(brokers::Brokers::default()),
            Place::Broker(id) => Self::Broker(broker::BrokerPage::of(*id)),
            Place::Topics { faults_only } => {
                Self::Topics(topics::TopicsList::new(match faults_only {
                    true => listing::Wanted::Faults,
                    false => listing::Wanted::All,
                }))
            }
            Place::Topic(name) => Self::Topic(topic::TopicPage::of(name.clone())),
            Place::Groups => Self::Groups(groups::GroupsList::default()),
            Place::Group(id) => Self::Group(group::GroupPage::of(id.clone())),
            Place::Quorum => Self::Quorum(quorum::QuorumPage::default()),
            Place::Practice => Self::Practice(practice::PracticePage::default()),
        }
    }

    fn room(&self) -> &dyn Room {
        match self {
            Self::Overview(room) => room,
            Self::Brokers(room) => room,
            Self::Broker(room) => room,
            Self::Topics(room) => room,
            Self::Topic(room) => room,
            Self::Groups(room) => room,
            Self::Group(room) => room,
            Self::Quorum(room) => room,
            Self::Practice(room) => room,
        }
    }

    fn room_mut(&mut self) -> &mut dyn Room {
        match self {
            Self::Overview(room) => room,
            Self::Brokers(room) => room,
            Self::Broker(room) => room,
            Self::Topics(room) => room,
            Self::Topic(room) => room,
            Self::Groups(room) => room,
            Self::Group(room) => room,
            Self::Quorum(room) => room,
            Self::Practice(room) => room,
        }
    }
}

impl Room for Screen {
    fn keys(&self) -> &'static [&'static [Binding]] {
        self.room().keys()
    }

    fn place(&self) -> Place {
        self.room().place()
    }

    fn focus(&self) -> Focus {
        self.room().focus()
    }

    fn filter(&self) -> Option<&str> {
        self.room().filter()
    }

    fn set_filter(&mut self, filter: &str) {
        self.room_mut().set_filter(filter);
    }

    fn cancel(&mut self) -> bool {
        self.room_mut().cancel()
    }

    fn settle(&mut self, scene: &Scene) {
        self.room_mut().settle(scene);
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        self.room_mut().update(action, scene)
    }

    fn current_rows(&self, scene: &Scene) -> u16 {
        self.room().current_rows(scene)
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        self.room().view(scene, area, buffer);
    }
}
