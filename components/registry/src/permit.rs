//! Permits: how many may do something at a time. For the one thread that a
//! component has.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::poll_fn;
use core::task::{Poll, Waker};

/// A number of permits, given in the order in which they were asked for.
#[derive(Clone)]
pub(crate) struct Permits(Rc<RefCell<State>>);

/// The right to go on; given back when dropped.
pub(crate) struct Permit {
    permits: Permits,
}

struct State {
    /// Below zero when there are to be fewer than are out.
    free: isize,
    /// How many there are, out or free.
    capacity: usize,
    most: usize,
    /// There may be one more with each that is given back, until they have been made
    /// fewer once.
    eager: bool,
    /// How many came back since there was one more.
    since: usize,
    waiting: VecDeque<Rc<RefCell<Place>>>,
}

/// A place in the queue.
enum Place {
    Waiting(Option<Waker>),
    /// A permit was put aside for it.
    Called,
    /// Nobody waits here any more.
    Left,
}

impl Permits {
    /// This many, all free.
    pub(crate) fn new(count: usize) -> Self {
        Self::adaptive(count, count)
    }

    /// At first so many and, as long as all goes well, up to `most`.
    pub(crate) fn adaptive(first: usize, most: usize) -> Self {
        let capacity = first.min(most).max(1);
        Self(Rc::new(RefCell::new(State {
            free: capacity.cast_signed(),
            capacity,
            most,
            eager: true,
            since: 0,
            waiting: VecDeque::new(),
        })))
    }

    /// Something went well: there may be one more, with each at first, and later
    /// with each round of them.
    pub(crate) fn grow(&self) {
        let mut state = self.0.borrow_mut();
        state.since += 1;
        let round = if state.eager { 1 } else { state.capacity };
        if state.capacity < state.most && state.since >= round {
            state.capacity += 1;
            state.since = 0;
            drop(state);
            self.give_back();
        }
    }

    /// There are too many: from now on half of them, as they come back.
    pub(crate) fn halve(&self) {
        let mut state = self.0.borrow_mut();
        let fewer = state.capacity / 2;
        state.capacity -= fewer;
        state.free -= fewer.cast_signed();
        state.eager = false;
        state.since = 0;
    }

    /// Waits for a permit. A future that is dropped gives up its place, and what
    /// was put aside for it.
    pub(crate) async fn acquire(&self) -> Permit {
        let place = {
            let mut state = self.0.borrow_mut();
            if state.free > 0 && state.waiting.is_empty() {
                state.free -= 1;
                return self.permit();
            }
            let place = Rc::new(RefCell::new(Place::Waiting(None)));
            state.waiting.push_back(place.clone());
            place
        };
        let queued = Queued {
            permits: self,
            place,
        };
        poll_fn(|context| {
            let mut place = queued.place.borrow_mut();
            match &mut *place {
                Place::Waiting(waker) => {
                    *waker = Some(context.waker().clone());
                    Poll::Pending
                }
                Place::Called | Place::Left => Poll::Ready(()),
            }
        })
        .await;
        *queued.place.borrow_mut() = Place::Left;
        self.permit()
    }

    fn permit(&self) -> Permit {
        Permit {
            permits: self.clone(),
        }
    }

    /// Puts a permit aside for who waits longest, or takes it back.
    fn give_back(&self) {
        let mut state = self.0.borrow_mut();
        if state.free < 0 {
            state.free += 1;
            return;
        }
        while let Some(place) = state.waiting.pop_front() {
            let mut place = place.borrow_mut();
            if let Place::Waiting(waker) = &mut *place {
                let waker = waker.take();
                *place = Place::Called;
                drop(state);
                if let Some(waker) = waker {
                    waker.wake();
                }
                return;
            }
        }
        state.free += 1;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.give_back();
    }
}

struct Queued<'a> {
    permits: &'a Permits,
    place: Rc<RefCell<Place>>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let was = self.place.replace(Place::Left);
        if matches!(was, Place::Called) {
            self.permits.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::task::Context;

    use futures::FutureExt as _;

    use super::*;

    fn poll<F: Future>(future: core::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn as_many_as_there_are_and_then_in_order() {
        let permits = Permits::new(2);
        let one = permits.acquire().now_or_never().unwrap();
        let two = permits.acquire().now_or_never().unwrap();
        let mut three = pin!(permits.acquire());
        let mut four = pin!(permits.acquire());
        assert!(poll(three.as_mut()).is_pending());
        assert!(poll(four.as_mut()).is_pending());
        drop(one);
        assert!(poll(four.as_mut()).is_pending(), "three was first");
        let Poll::Ready(three) = poll(three.as_mut()) else {
            panic!("a permit is free");
        };
        assert!(poll(four.as_mut()).is_pending());
        drop((two, three));
        assert!(poll(four.as_mut()).is_ready());
    }

    #[test]
    fn there_are_more_while_all_goes_well_and_half_when_it_does_not() {
        let permits = Permits::adaptive(2, 4);
        let mut out: Vec<Permit> = Vec::new();
        let fill = |out: &mut Vec<Permit>| {
            while let Some(permit) = permits.acquire().now_or_never() {
                out.push(permit);
            }
            out.len()
        };
        assert_eq!(fill(&mut out), 2);
        permits.grow();
        assert_eq!(fill(&mut out), 3);
        permits.grow();
        permits.grow();
        assert_eq!(fill(&mut out), 4);
        permits.halve();
        out.truncate(2);
        assert_eq!(
            fill(&mut out),
            2,
            "two that came back are not given out again"
        );
        permits.grow();
        assert_eq!(fill(&mut out), 2, "a round is two");
        permits.grow();
        assert_eq!(fill(&mut out), 3);
        permits.halve();
        permits.halve();
        permits.halve();
        out.clear();
        assert_eq!(fill(&mut out), 1, "one there always is");
    }

    #[test]
    fn who_leaves_the_queue_passes_its_permit_on() {
        let permits = Permits::new(1);
        let one = permits.acquire().now_or_never().unwrap();
        let mut two = alloc::boxed::Box::pin(permits.acquire());
        let mut three = alloc::boxed::Box::pin(permits.acquire());
        assert!(poll(two.as_mut()).is_pending());
        assert!(poll(three.as_mut()).is_pending());
        drop(one);
        // Called, and gone before it looked.
        drop(two);
        assert!(poll(three.as_mut()).is_ready());
        drop(three);
        let mut four = alloc::boxed::Box::pin(permits.acquire());
        let one = permits.acquire().now_or_never().unwrap();
        assert!(poll(four.as_mut()).is_pending());
        // Gone before it was called.
        drop(four);
        drop(one);
        assert!(permits.acquire().now_or_never().is_some());
    }
}
