// Read by the thread sanitizer's runtime; looked up in the program only, so it
// is a source of each test, not a library.
extern "C" const char* __tsan_default_suppressions();

// A fake screen's error is an absl::Status that two threads share; Debian's
// libabsl counts its owners in code without instrumentation, so that the last
// one's delete looks like a race with the other's reads.
extern "C" const char* __tsan_default_suppressions() {
  return "race:oriel::capture::FakeScreen::FailScans\n";
}
