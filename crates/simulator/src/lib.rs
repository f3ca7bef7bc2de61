//! A stand-in for Amazon that speaks HTTP, over a seeded world of sellers.
