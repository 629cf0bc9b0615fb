#pragma once

#include <cstdarg>
#include <string>

namespace oriel::encoder {

// What FFmpeg complains of on this thread while this object lives. From the
// first one on, FFmpeg writes nothing to stderr: errors come back as a Status,
// the rest is of no use to anybody. Thread-bound.
class AvLogCapture {
 public:
  AvLogCapture();
  ~AvLogCapture();
  AvLogCapture(const AvLogCapture&) = delete;
  AvLogCapture& operator=(const AvLogCapture&) = delete;

  // In one line; without a complaint, what FFmpeg's error code means.
  std::string Reason(int code) const;

 private:
  static void OnLine(void* source, int level, const char* format, va_list args);

  AvLogCapture* const outer_;
  std::string lines_;
};

}  // namespace oriel::encoder
