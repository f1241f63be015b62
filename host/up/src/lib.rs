//! Runs applications of the content store.
//!
//! [`prepare`] reads an application, checks that everything it needs is offered,
//! and compiles it; [`App::listen`] and [`Server::serve`] then serve it. An
//! application that can't be run is refused, by the name of what is missing,
//! before anything listens.
//!
//! ```text
//!   store ──▶ manifest ──▶ locked app ──▶ checks ──▶ compile ──▶ files ──▶ App
//!                                                                           │
//!   client ──▶ server ──▶ service ──▶ route ──▶ headers ──▶ instances ◀─────┘
//!                                                              │
//!                                          outbound ◀── hooks ─┘
//! ```
//!
//! The application is untrusted, as are its clients. A component sees the files
//! that it came with, read-only; the environment that it was given; the clock and
//! random numbers; and the hosts that its manifest names. It has at most 512 MiB of
//! memory an instance, takes turns with others when it computes for long, and is
//! ended when it goes on for 30 seconds after its last client left.

mod app;
mod check;
mod content;
mod engine;
mod error;
mod files;
mod fixed;
mod guest;
mod header;
mod inspect;
mod instance;
mod outbound;
mod route;
mod server;
mod service;
mod settings;
mod single;
mod unpack;
mod variables;
mod visit;

pub use app::{App, RouteInfo, prepare};
pub use error::UpError;
pub use inspect::{Application, Component, Inspection, LOCKED_APP, inspect};
pub use server::Server;
pub use settings::{Notice, Settings};
pub use single::{Config, SingleComponent, is_single};
pub use unpack::{UnpackError, Unpacked, unpack, unpack_file};
