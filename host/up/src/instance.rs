//! The instances of a component: made when requests come, reused where the
//! interface allows it, and gone when nobody wants them any more.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Result, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState,
    WorkerStatus,
};
use wharf_oci::problem::clean;

use crate::check::Handler;
use crate::guest::{Guest, World};
use crate::settings::Notices;
use crate::visit::{Presence, Visit};

/// How many instances one component may have at once. Further requests wait.
const MOST_INSTANCES: usize = 256;

/// How many requests one instance serves: one of 0.2, as that interface expects;
/// of 0.3 what Spin and `wasmtime serve` allow.
const REUSED_P2: usize = 1;
const REUSED_P3: usize = 128;

/// How many requests one instance of 0.3 serves at the same time.
const CONCURRENT_P3: usize = 16;

/// How long an instance without a request is kept.
const IDLE: Duration = Duration::from_secs(1);

/// How long an instance may go on when all its clients are gone: for work after
/// the answer. It also ends components that compute without end.
const AFTERWORK: Duration = Duration::from_secs(30);

/// A component that answers requests.
pub(crate) type Instances = ProxyHandler<Maker>;

/// What makes a component's instances.
pub(crate) struct Maker {
    engine: Engine,
    id: String,
    pre: ProxyPre<Guest>,
    handler: Handler,
    world: World,
    permits: Arc<Semaphore>,
    notices: Notices,
}

/// One instance's way through its requests.
pub(crate) struct Worker {
    id: String,
    handler: Handler,
    clients: Arc<Presence>,
    expired: Arc<AtomicBool>,
    notices: Notices,
}

/// When one instance has to go.
pub(crate) struct Expiration {
    clients: Arc<Presence>,
    /// Whether it had to go although it was at work.
    expired: Arc<AtomicBool>,
    timer: Pin<Box<Sleep>>,
}

impl Maker {
    pub(crate) fn new(
        engine: Engine,
        id: &str,
        pre: ProxyPre<Guest>,
        world: World,
        notices: Notices,
    ) -> Self {
        let handler = match &pre {
            ProxyPre::P2(_) => Handler::P2,
            ProxyPre::P3(_) => Handler::P3,
        };
        Self {
            engine,
            id: clean(id, 100),
            pre,
            handler,
            world,
            permits: Arc::new(Semaphore::new(MOST_INSTANCES)),
            notices,
        }
    }

    /// The component's id, fit to be shown.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl HandlerState for Maker {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> Result<Instance<Guest, Expiration, Worker>> {
        let permit = Arc::clone(&self.permits).acquire_owned().await?;
        let mut store = Guest::store(&self.engine, &self.world, permit)?;
        let proxy = self.pre.instantiate_async(&mut store).await?;
        let clients = Arc::new(Presence::default());
        let expired = Arc::new(AtomicBool::new(false));
        Ok(Instance {
            store,
            proxy,
            view: Guest::http,
            expiration: Expiration {
                clients: Arc::clone(&clients),
                expired: Arc::clone(&expired),
                timer: Box::pin(tokio::time::sleep(IDLE)),
            },
            state: Worker {
                id: self.id.clone(),
                handler: self.handler,
                clients,
                expired,
                notices: self.notices.clone(),
            },
        })
    }
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = Arc<Visit>;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        match self.handler {
            Handler::P2 if total >= REUSED_P2 => ShouldAccept::Never,
            Handler::P3 if total >= REUSED_P3 => ShouldAccept::Never,
            Handler::P3 if concurrent >= CONCURRENT_P3 => ShouldAccept::No,
            Handler::P2 | Handler::P3 => ShouldAccept::Yes,
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, Guest>,
        visit: Arc<Visit>,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        visit.arrive(&self.clients);
        // No request is too slow; see `Expiration` for what ends an instance.
        Box::pin(std::future::pending())
    }

    fn drop(&self, _store: Store<Guest>, result: Result<()>) {
        let why = match result {
            Ok(()) => return,
            Err(_) if self.expired.load(Ordering::Relaxed) => {
                format!("it went on for {} s without a client", AFTERWORK.as_secs())
            }
            Err(error) => cause(&error),
        };
        self.notices
            .say(&format!("the component `{}` was stopped: {why}", self.id));
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        state: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let deadline = match (state, self.clients.left(cx.waker())) {
            (WorkerStatus::Idle, _) => start + IDLE,
            (WorkerStatus::Requests | WorkerStatus::PostReturn, Some(left)) => {
                left.max(start) + AFTERWORK
            }
            (WorkerStatus::Requests | WorkerStatus::PostReturn, None) => return Poll::Pending,
        };
        let deadline = deadline.into();
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        let polled = self.timer.as_mut().poll(cx);
        if polled.is_ready() && state != WorkerStatus::Idle {
            self.expired.store(true, Ordering::Relaxed);
        }
        polled
    }
}

/// What an error of the engine comes from, on one line and without the backtrace.
pub(crate) fn cause(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => trap.to_string(),
        None => clean(&error.root_cause().to_string(), 300),
    }
}
