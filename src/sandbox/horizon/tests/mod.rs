//! The network as a client meets it: over HTTP.
