#pragma once

#include <array>
#include <chrono>
#include <streambuf>

#include "base/clock.h"

namespace oriel::clients {

// Bytes for a pipe, file or terminal whose reader may stand still. Writing
// waits for the reader as always, but once the stop has come for a second at
// most; then this and all later writing fails with ETIMEDOUT.
// Thread-compatible.
class PatientOutput : public std::streambuf {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(1);

  // Borrows both; `stop_fd` polls as readable from the stop on.
  PatientOutput(int fd, int stop_fd, Duration patience = kPatience);
  // Writes what nobody flushed.
  ~PatientOutput() override { WriteBuffer(); }
  PatientOutput(const PatientOutput&) = delete;
  PatientOutput& operator=(const PatientOutput&) = delete;

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override { return WriteBuffer() ? 0 : -1; }

 private:
  bool WriteBuffer();
  // False, with errno: this stream has failed for good.
  bool WriteAll(const char* bytes, size_t count);
  bool AwaitReader();

  const int fd_;
  const int stop_fd_;
  const Duration patience_;
  Time deadline_ = Time::max();  // until the stop has come
  bool timed_out_ = false;
  std::array<char, 8192> buffer_;
};

}  // namespace oriel::clients
