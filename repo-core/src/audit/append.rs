//! Appending entries to the trail.
