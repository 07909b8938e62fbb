import Testing

/// Tests of the real program from outside: over its port, its files and its exit codes.
///
/// One after another, because each starts servers of its own, and some measure what a loaded server does.
@Suite(.serialized, .enabled(if: Places.hasBinary, Comment(rawValue: Places.withoutBinary)))
enum EndToEnd {}
