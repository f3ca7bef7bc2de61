//! SQL over what somebody was granted, and the tables of `meta`.

pub(crate) mod acquaint;
pub(crate) mod alerts;
pub(crate) mod ask;
pub(crate) mod slice_rows;
