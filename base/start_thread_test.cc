#include "base/start_thread.h"

#include <grp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace oriel {
namespace {

TEST(StartThreadTest, ItRunsUnderItsName) {
  std::string name(16, '\0');
  absl::StatusOr<std::thread> thread =
      StartThread("a name of many bytes", [&name] {
        pthread_getname_np(pthread_self(), name.data(), name.size());
      });
  ASSERT_TRUE(thread.ok()) << thread.status();
  thread->join();
  EXPECT_STREQ(name.c_str(), "a name of many ");
}

// The limit binds users, not root: the process becomes one.
void StartThreadWithoutAny() {
  const uid_t kNobody = 65534;
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_NPROC, &none) != 0) _exit(1);
  if (geteuid() == 0 && setuid(kNobody) != 0) _exit(2);
  const absl::StatusOr<std::thread> thread = StartThread("one more", [] {});
  if (!absl::IsResourceExhausted(thread.status())) _exit(3);
  const std::string message(thread.status().message());
  _exit(message.find("one more") != std::string::npos &&
                message.find("ulimit -u") != std::string::npos
            ? 0
            : 4);
}

TEST(StartThreadTest, ASystemWithoutThreadsIsAnErrorAndNoEnd) {
  EXPECT_EXIT(StartThreadWithoutAny(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace oriel
