//! Which component answers a path: Spin's routes.
//!
//! ```text
//! /about          this path alone
//! /users/:id      any one segment, by name
//! /static/...     the path before the dots and everything below it
//! ```
//!
//! Of several routes that fit, the more exact one wins, segment by segment from
//! the left: a text before a name, a name before the dots. A slash at the end of
//! a path makes no difference to what it matches. Paths are compared as they
//! were sent, nothing in them is decoded.

use std::cmp::Reverse;

/// A route, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    raw: String,
    /// As written, but with a slash in front and without one at the end.
    tidy: String,
    segments: Vec<Segment>,
    /// The part of `tidy` before the dots, where it ends in them.
    prefix: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Exact(String),
    Named(String),
}

/// Why a text is not a route. To be read after the route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RouteError {
    /// A name of a segment is empty or has other characters than it may have.
    #[error("names a segment `{0}`, and a name has letters, digits, `_` and `-` alone")]
    Name(String),
    /// A wildcard stands elsewhere than at the end.
    #[error("has a wildcard that is not a whole segment at its end")]
    Wildcard,
}

/// All routes of an application, each with what it leads to.
#[derive(Debug)]
pub(crate) struct Routes<T> {
    entries: Vec<(Route, T)>,
}

/// A route that fits a path.
#[derive(Debug)]
pub(crate) struct Match<'a, T> {
    /// The route.
    pub(crate) route: &'a Route,
    /// What it leads to.
    pub(crate) target: &'a T,
    /// The segments that have a name, by name, in order.
    pub(crate) named: Vec<(&'a str, &'a str)>,
    /// What the dots stand for, with its slash in front; empty without dots.
    pub(crate) rest: &'a str,
}

impl Route {
    /// Reads a route as an author writes it.
    pub(crate) fn parse(raw: &str) -> Result<Self, RouteError> {
        let mut tidy = raw.strip_suffix('/').unwrap_or(raw).to_owned();
        if !tidy.is_empty() && !tidy.starts_with('/') {
            tidy.insert(0, '/');
        }
        let prefix = tidy
            .strip_suffix("/...")
            .or_else(|| tidy.strip_suffix("/*"))
            .map(str::to_owned);
        let path = prefix.as_deref().unwrap_or(&tidy);
        let segments = segments(path)
            .map(Segment::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            raw: raw.to_owned(),
            segments,
            prefix,
            tidy,
        })
    }

    /// The route as written.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// The route with a slash in front and none at the end; empty for the root.
    pub(crate) fn tidy(&self) -> &str {
        &self.tidy
    }

    /// The route as written, without the dots.
    pub(crate) fn raw_prefix(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(&self.raw)
    }

    /// The route as it is shown: without the dots, `/` for the root.
    pub(crate) fn path(&self) -> &str {
        match self.prefix.as_deref().unwrap_or(&self.tidy) {
            "" => "/",
            path => path,
        }
    }

    /// Whether it ends in the dots.
    pub(crate) fn is_wildcard(&self) -> bool {
        self.prefix.is_some()
    }

    /// What this route makes of a path: the named segments and the rest.
    fn fit<'a>(&'a self, path: &'a str) -> Option<(Vec<(&'a str, &'a str)>, &'a str)> {
        let mut rest = path;
        let mut named = Vec::new();
        for segment in &self.segments {
            let after = rest.strip_prefix('/')?;
            let end = after.find('/').unwrap_or(after.len());
            let (text, left) = after.split_at_checked(end)?;
            match segment {
                Segment::Exact(own) if own == text => {}
                Segment::Named(name) if !text.is_empty() => named.push((name.as_str(), text)),
                Segment::Exact(_) | Segment::Named(_) => return None,
            }
            rest = left;
        }
        if self.is_wildcard() {
            return Some((named, rest));
        }
        rest.bytes().all(|byte| byte == b'/').then_some((named, ""))
    }

    /// How exact it is, greatest first, to compare two routes that fit one path.
    fn exactness(&self) -> Vec<u8> {
        const DOTS: u8 = 0;
        const NAMED: u8 = 1;
        const EXACT: u8 = 2;
        const END: u8 = 3;
        let kinds = self.segments.iter().map(|segment| match segment {
            Segment::Exact(_) => EXACT,
            Segment::Named(_) => NAMED,
        });
        let last = if self.is_wildcard() { DOTS } else { END };
        kinds.chain([last]).collect()
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, RouteError> {
        if let Some(name) = text.strip_prefix(':') {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            if name.is_empty() || !name.bytes().all(is_part) {
                return Err(RouteError::Name(wharf_oci::problem::clean(text, 100)));
            }
            return Ok(Self::Named(name.to_owned()));
        }
        if text == "..." || text.contains('*') {
            return Err(RouteError::Wildcard);
        }
        Ok(Self::Exact(text.to_owned()))
    }
}

impl<T> Routes<T> {
    /// No routes.
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Adds a route, in the place of one that is the same: that one is returned.
    pub(crate) fn add(&mut self, route: Route, target: T) -> Option<(Route, T)> {
        let same = |(known, _): &&mut (Route, T)| known.tidy == route.tidy;
        if let Some(known) = self.entries.iter_mut().find(same) {
            return Some(std::mem::replace(known, (route, target)));
        }
        // The most exact first, so that the first one that fits is the best;
        // among equals, the order in which they were added.
        let rank = Reverse(route.exactness());
        let place = self
            .entries
            .partition_point(|(known, _)| Reverse(known.exactness()) <= rank);
        self.entries.insert(place, (route, target));
        None
    }

    /// The best route for a path, which begins with a slash.
    pub(crate) fn find<'a>(&'a self, path: &'a str) -> Option<Match<'a, T>> {
        if !path.starts_with('/') {
            return None;
        }
        self.entries.iter().find_map(|(route, target)| {
            let (named, rest) = route.fit(path)?;
            Some(Match {
                route,
                target,
                named,
                rest,
            })
        })
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.strip_prefix('/');
    inner.into_iter().flat_map(|inner| inner.split('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes<'a>(list: &[&'a str]) -> Routes<&'a str> {
        let mut routes = Routes::new();
        for route in list {
            routes.add(Route::parse(route).unwrap(), *route);
        }
        routes
    }

    fn found<'a>(list: &[&'a str], path: &str) -> Option<&'a str> {
        routes(list).find(path).map(|found| *found.target)
    }

    fn rest(route: &str, path: &str) -> Option<String> {
        let routes = routes(&[route]);
        routes.find(path).map(|found| found.rest.to_owned())
    }

    #[test]
    fn an_exact_route_matches_its_path_alone() {
        let list = ["/foo", "/foo/bar", "/"];
        assert_eq!(found(&list, "/foo"), Some("/foo"));
        assert_eq!(found(&list, "/foo/"), Some("/foo"));
        assert_eq!(found(&list, "/foo/bar"), Some("/foo/bar"));
        assert_eq!(found(&list, "/"), Some("/"));
        assert_eq!(found(&list, "/foo/baz"), None);
        assert_eq!(found(&list, "/fo"), None);
        assert_eq!(found(&list, "/food"), None);
        assert_eq!(found(&list, "/Foo"), None);
    }

    #[test]
    fn dots_match_the_path_itself_and_all_below_it() {
        for (route, path, expected) in [
            ("/foo/...", "/foo", Some("")),
            ("/foo/...", "/foo/", Some("/")),
            ("/foo/...", "/foo/bar", Some("/bar")),
            ("/foo/...", "/foo/bar/", Some("/bar/")),
            ("/foo/...", "/food", None),
            ("/...", "/", Some("/")),
            ("/...", "/1/2/3", Some("/1/2/3")),
            ("/foo/*", "/foo/bar", Some("/bar")),
            ("...", "/x", Some("/x")),
            ("/foo", "/foo/", Some("")),
        ] {
            assert_eq!(rest(route, path).as_deref(), expected, "{route} {path}");
        }
    }

    #[test]
    fn a_name_takes_one_segment_that_is_not_empty() {
        let list = routes(&["/1/:two/3", "/users/:id/..."]);
        assert_eq!(list.find("/1/2/3").unwrap().named, [("two", "2")]);
        let users = list.find("/users/7/posts").unwrap();
        assert_eq!(users.named, [("id", "7")]);
        assert_eq!(users.rest, "/posts");
        assert!(list.find("/1//3").is_none());
        assert!(list.find("/users/").is_none());
        assert!(list.find("/users").is_none());
        assert!(list.find("/1/2/2/3").is_none());
    }

    #[test]
    fn the_more_exact_route_wins_whatever_the_order() {
        let mut list = ["/...", "/one/...", "/one/two/...", "/one/:x", "/one/two"];
        for _ in 0..list.len() {
            list.rotate_left(1);
            assert_eq!(found(&list, "/one/two"), Some("/one/two"));
            assert_eq!(found(&list, "/one/three"), Some("/one/:x"));
            assert_eq!(found(&list, "/one/two/three"), Some("/one/two/..."));
            assert_eq!(found(&list, "/one/three/four"), Some("/one/..."));
            assert_eq!(found(&list, "/one"), Some("/one/..."));
            assert_eq!(found(&list, "/two"), Some("/..."));
        }
        assert_eq!(found(&["/:a/x", "/y/..."], "/y/x"), Some("/y/..."));
        assert_eq!(found(&["/...", "/:a"], "/y"), Some("/:a"));
    }

    #[test]
    fn of_two_routes_that_are_the_same_the_later_wins() {
        let mut routes = Routes::new();
        assert!(routes.add(Route::parse("/foo").unwrap(), 1).is_none());
        let replaced = routes.add(Route::parse("/foo/").unwrap(), 2);
        assert_eq!(
            replaced.map(|(route, id)| (route.raw, id)),
            Some(("/foo".into(), 1))
        );
        assert_eq!(routes.find("/foo").map(|found| *found.target), Some(2));
    }

    #[test]
    fn how_routes_are_written_and_shown() {
        for (raw, tidy, prefix, path, wildcard) in [
            ("/", "", "/", "/", false),
            ("", "", "", "/", false),
            ("/foo/", "/foo", "/foo/", "/foo", false),
            ("foo", "/foo", "foo", "/foo", false),
            ("/...", "/...", "", "/", true),
            ("/a/:b/...", "/a/:b/...", "/a/:b", "/a/:b", true),
        ] {
            let route = Route::parse(raw).unwrap();
            assert_eq!(route.raw(), raw);
            assert_eq!(route.tidy(), tidy);
            assert_eq!(route.raw_prefix(), prefix);
            assert_eq!(route.path(), path);
            assert_eq!(route.is_wildcard(), wildcard, "{raw}");
        }
    }

    #[test]
    fn what_is_no_route_is_refused() {
        for raw in ["/a/.../b", "/*/b", "/a*", "/x/**"] {
            assert_eq!(Route::parse(raw), Err(RouteError::Wildcard), "{raw}");
        }
        for raw in ["/:", "/:a.b", "/x/:a b/..."] {
            assert!(
                matches!(Route::parse(raw), Err(RouteError::Name(_))),
                "{raw}"
            );
        }
    }

    #[test]
    fn a_target_that_is_no_path_matches_nothing() {
        for path in ["*", "", "foo", "?x"] {
            assert_eq!(found(&["/...", "/"], path), None, "{path}");
        }
    }
}
