#include "base/start_thread.h"

#include <pthread.h>

#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel {

absl::StatusOr<std::thread> StartThread(const std::string& name,
                                        std::function<void()> run) {
  constexpr size_t kMaxNameBytes = 15;
  try {
    return std::thread(
        [short_name = name.substr(0, kMaxNameBytes), run = std::move(run)] {
          pthread_setname_np(pthread_self(), short_name.c_str());
          run();
        });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "cannot start the thread %s: %s; raise the limit of processes (ulimit "
        "-u, or TasksMax= of the service)",
        name, error.code().message()));
  }
}

}  // namespace oriel
