#include "clients/cli/patient_output.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace oriel::clients {

PatientOutput::PatientOutput(int fd, int stop_fd, Duration patience)
    : fd_(fd), stop_fd_(stop_fd), patience_(patience) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

PatientOutput::int_type PatientOutput::overflow(int_type c) {
  if (!WriteBuffer()) return traits_type::eof();
  if (traits_type::eq_int_type(c, traits_type::eof())) {
    return traits_type::not_eof(c);
  }
  return sputc(traits_type::to_char_type(c));
}

std::streamsize PatientOutput::xsputn(const char* bytes,
                                      std::streamsize count) {
  if (count <= epptr() - pptr()) {
    std::copy(bytes, bytes + count, pptr());
    pbump(static_cast<int>(count));
    return count;
  }
  if (!WriteBuffer()) return 0;
  return WriteAll(bytes, static_cast<size_t>(count)) ? count : 0;
}

bool PatientOutput::WriteBuffer() {
  const auto count = static_cast<size_t>(pptr() - pbase());
  // Dropped when it cannot be written, as a later attempt would only repeat it.
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  return WriteAll(buffer_.data(), count);
}

bool PatientOutput::WriteAll(const char* bytes, size_t count) {
  while (count > 0) {
    if (!AwaitReader()) return false;
    // What a pipe that polls as writable takes without waiting.
    const ssize_t written =
        write(fd_, bytes, std::min<size_t>(count, PIPE_BUF));
    if (written >= 0) {
      bytes += written;
      count -= static_cast<size_t>(written);
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

bool PatientOutput::AwaitReader() {
  while (!timed_out_) {
    const bool stopped = deadline_ != Time::max();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(deadline_ - Clock::now(), Duration::zero()));
    pollfd fds[] = {{fd_, POLLOUT, 0}, {stopped ? -1 : stop_fd_, POLLIN, 0}};
    const int ready = poll(fds, std::size(fds),
                           stopped ? static_cast<int>(left.count()) : -1);
    // Also an error, which the write tells.
    if (ready > 0 && fds[0].revents != 0) return true;
    if (ready > 0 && fds[1].revents != 0) deadline_ = Clock::now() + patience_;
    timed_out_ = Clock::now() >= deadline_;
  }
  errno = ETIMEDOUT;
  return false;
}

}  // namespace oriel::clients
