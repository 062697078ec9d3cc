//! The views of a session, and what there is once in each.

use bincode::{Decode, Encode};

/// The three views of a session, by the reader's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum ViewKind {
    /// The customer's own: what has visibility All.
    Customer,
    /// Sees All and Internal.
    Agent,
    /// Has every event that is in any view.
    Supervisor,
}

/// One of something for each view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct PerView<T> {
    /// In the customer's.
    pub customer: T,
    /// In an agent's.
    pub agent: T,
    /// In a supervisor's.
    pub supervisor: T,
}

impl ViewKind {
    /// This view's.
    pub fn of<T: Copy>(self, each: &PerView<T>) -> T {
        match self {
            Self::Customer => each.customer,
            Self::Agent => each.agent,
            Self::Supervisor => each.supervisor,
        }
    }
}

impl<T> PerView<T> {
    /// The customer's, the agents' and the supervisors'.
    pub const fn new(customer: T, agent: T, supervisor: T) -> Self {
        Self { customer, agent, supervisor }
    }

    /// The same in each.
    pub const fn all(one: T) -> Self
    where
        T: Copy,
    {
        Self { customer: one, agent: one, supervisor: one }
    }

    /// What is made of each.
    pub fn map<U>(self, mut make: impl FnMut(T) -> U) -> PerView<U> {
        PerView { customer: make(self.customer), agent: make(self.agent), supervisor: make(self.supervisor) }
    }

    /// Each with the other of its view.
    pub fn zip<U>(self, other: PerView<U>) -> PerView<(T, U)> {
        PerView {
            customer: (self.customer, other.customer),
            agent: (self.agent, other.agent),
            supervisor: (self.supervisor, other.supervisor),
        }
    }

    /// Each, to be changed.
    pub fn as_mut(&mut self) -> PerView<&mut T> {
        PerView { customer: &mut self.customer, agent: &mut self.agent, supervisor: &mut self.supervisor }
    }
}
