#include "encoder/video/av_log_capture.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}

#include <cstdio>
#include <mutex>

namespace oriel::encoder {
namespace {

constexpr size_t kMaxBytes = 500;

thread_local AvLogCapture* innermost = nullptr;

}  // namespace

AvLogCapture::AvLogCapture() : outer_(innermost) {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(&OnLine); });
  innermost = this;
}

AvLogCapture::~AvLogCapture() { innermost = outer_; }

void AvLogCapture::OnLine(void* /*source*/, int level, const char* format,
                          va_list args) {
  if (innermost == nullptr || (level & 0xFF) > AV_LOG_ERROR) return;
  char text[256];
  if (std::vsnprintf(text, sizeof(text), format, args) < 0) return;
  std::string& lines = innermost->lines_;
  if (lines.size() < kMaxBytes) lines += text;
}

std::string AvLogCapture::Reason(int code) const {
  std::string line;
  for (const char c : lines_) {
    if (c == '\n') {
      line += "; ";
    } else {
      line += c;
    }
  }
  while (!line.empty() &&
         std::string("; .").find(line.back()) != std::string::npos) {
    line.pop_back();
  }
  if (!line.empty()) return line;
  char meaning[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, meaning, sizeof(meaning));
  return meaning;
}

}  // namespace oriel::encoder
