//! The cluster behind a screen: found running, or started and then ended with the screen. Orders go in, pictures come
//! out; a thread of its own does what takes time, so that no key waits.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use super::cluster::{Cluster, Data, Wanted};
use super::entrance::Entrance;
use super::error::PracticeError;
use super::layout::Lock;
use super::node::Lifeline;
use crate::model::practice::{Notice, Owner};
use crate::model::{Order, Practice};

/// Orders that may wait; who types faster than nodes start is told so.
const ORDERS: usize = 16;
/// How often the processes are looked at while nothing is ordered.
const LOOK: Duration = Duration::from_millis(500);

/// The way into the practice cluster of this directory; `None` where no node of it runs.
pub fn find_running(dir: &Path) -> Result<Option<Entrance>, PracticeError> {
    let Ok(cluster) = Cluster::open(dir, Lifeline::None) else {
        return Ok(None);
    };
    if cluster.alive() == 0 {
        return Ok(None);
    }
    cluster.entrance().map(Some)
}

/// A practice cluster that a screen sits at. Nothing is started before [`Keeper::open`].
#[derive(Debug)]
pub struct Keeper {
    cluster: Cluster,
    owner: Owner,
    /// Held while this screen is the one that ends the cluster.
    _mark: Option<Lock>,
    /// Held until the nodes are started.
    starting: Option<Lock>,
}

impl Keeper {
    /// Finds the running cluster of this directory, or makes everything ready to start one.
    pub fn take(dir: &Path) -> Result<Self, PracticeError> {
        if let Ok(mut cluster) = Cluster::open(dir, Lifeline::None)
            && cluster.alive() > 0
        {
            if cluster.layout().screen_holds() {
                return Ok(Self::guest(cluster, Owner::AnotherScreen));
            }
            if !cluster.layout().is_of_screen() {
                return Ok(Self::guest(cluster, Owner::Nobody));
            }
            // What a screen left that could not even end: nobody waits for it any more.
            cluster.end();
        }
        let (cluster, starting) =
            Cluster::prepare(dir, Wanted::default(), Data::Kept, Lifeline::Starter)?;
        // While the lock was waited for, somebody else may have started it.
        if cluster.alive() > 0 && !cluster.layout().is_of_screen() {
            return Ok(Self::guest(cluster, Owner::Nobody));
        }
        let mark = cluster.layout().take_screen()?;
        if mark.is_none() {
            return Ok(Self::guest(cluster, Owner::AnotherScreen));
        }
        Ok(Self {
            cluster,
            owner: Owner::Us,
            _mark: mark,
            starting: Some(starting),
        })
    }

    fn guest(cluster: Cluster, owner: Owner) -> Self {
        Self {
            cluster,
            owner,
            _mark: None,
            starting: None,
        }
    }

    /// The way in.
    pub fn entrance(&self) -> Result<Entrance, PracticeError> {
        self.cluster.entrance()
    }

    /// How everything stands.
    pub fn view(&mut self) -> Practice {
        Practice {
            starting: self.starting.is_some(),
            ..self.cluster.view(self.owner)
        }
    }

    /// Takes the seat: from now on orders are obeyed. The first thing to come is [`Line::begin`].
    pub fn open(mut self) -> Result<Seat, PracticeError> {
        let (views, seen) = watch::channel(Arc::new(self.view()));
        let (orders, ordered) = sync_channel(ORDERS);
        let builder = std::thread::Builder::new().name("practice".into());
        let owner = self.owner;
        let thread = builder.spawn(move || self.serve(&ordered, &views));
        let thread = thread.map_err(|reason| PracticeError::Spawn {
            id: crate::model::BrokerId(0),
            reason,
        })?;
        let line = Line {
            orders,
            views: seen,
        };
        Ok(Seat {
            line,
            owner,
            thread,
        })
    }

    fn serve(mut self, ordered: &Receiver<Asked>, views: &watch::Sender<Arc<Practice>>) {
        let mut notice = None;
        loop {
            match ordered.recv_timeout(LOOK) {
                Ok(asked) => {
                    let (text, done) = match asked {
                        Asked::Begin => ("starting the practice cluster…".to_owned(), None),
                        Asked::Order(order) => (format!("{order}…"), Some(order)),
                    };
                    self.tell(views, Some(said(text)));
                    notice = match done {
                        None => self.begin(views),
                        Some(order) => Some(result(self.cluster.obey(order))),
                    };
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tell(views, notice.clone());
        }
        if self.owner == Owner::Us {
            self.cluster.end();
        }
    }

    fn begin(&mut self, views: &watch::Sender<Arc<Practice>>) -> Option<Notice> {
        self.starting.as_ref()?;
        let owner = self.owner;
        let begun = self.cluster.begin_telling(&mut |cluster| {
            let mut view = cluster.view(owner);
            view.starting = true;
            view.notice = Some(said(format!(
                "starting the practice cluster: {} of {} nodes run",
                view.alive(),
                view.nodes.len()
            )));
            views.send_replace(Arc::new(view));
        });
        self.starting = None;
        match begun {
            Ok(()) => None,
            Err(error) => Some(failed(&error)),
        }
    }

    fn tell(&mut self, views: &watch::Sender<Arc<Practice>>, notice: Option<Notice>) {
        let mut view = self.view();
        view.notice = notice;
        views.send_if_modified(|old| {
            let changed = **old != view;
            if changed {
                *old = Arc::new(view);
            }
            changed
        });
    }
}

fn said(text: String) -> Notice {
    Notice {
        text: text.into(),
        is_failure: false,
    }
}

fn failed(error: &PracticeError) -> Notice {
    Notice {
        text: error.to_string().into(),
        is_failure: true,
    }
}

fn result(done: Result<String, PracticeError>) -> Notice {
    match done {
        Ok(text) => said(text),
        Err(error) => failed(&error),
    }
}

/// What the thread is asked.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Begin,
    Order(Order),
}

/// The way to the cluster from the screen. Never waits.
#[derive(Debug, Clone)]
pub struct Line {
    orders: SyncSender<Asked>,
    /// The latest picture.
    pub views: watch::Receiver<Arc<Practice>>,
}

impl Line {
    /// Starts what is to be started; once, after the first frame is drawn.
    pub fn begin(&self) {
        self.ask(Asked::Begin);
    }

    /// Asks for something; what came of it is in a later picture.
    pub fn order(&self, order: Order) {
        self.ask(Asked::Order(order));
    }

    fn ask(&self, asked: Asked) {
        if self.orders.try_send(asked).is_err() {
            log::warn!(
                "the practice cluster has more orders than it can carry out: {asked:?} is dropped"
            );
        }
    }
}

/// A screen's seat at the practice cluster.
#[derive(Debug)]
pub struct Seat {
    line: Line,
    owner: Owner,
    thread: JoinHandle<()>,
}

impl Seat {
    /// The way to it.
    pub fn line(&self) -> Line {
        self.line.clone()
    }

    /// Whether leaving the seat ends the cluster.
    pub fn ends_cluster(&self) -> bool {
        self.owner == Owner::Us
    }

    /// Leaves: what was started for this screen ends. All other lines must be gone.
    pub fn leave(self) {
        drop(self.line);
        if self.thread.join().is_err() {
            log::warn!("the practice cluster's thread panicked");
        }
    }
}
