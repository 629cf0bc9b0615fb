#include "clients/cli/patient_output.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <ostream>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

class PatientOutputTest : public testing::Test {
 protected:
  PatientOutputTest() : stop_(eventfd(0, EFD_CLOEXEC)) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
  }

  std::string ReadAll() {
    writer_.reset();
    std::string all;
    char bytes[4096];
    ssize_t count;
    while ((count = read(reader_.get(), bytes, sizeof(bytes))) > 0) {
      all.append(bytes, static_cast<size_t>(count));
    }
    return all;
  }

  UniqueFd stop_;
  UniqueFd reader_;
  UniqueFd writer_;
};

TEST_F(PatientOutputTest, WritesWhatFlushAsksFor) {
  PatientOutput buffer(writer_.get(), stop_.get());
  std::ostream out(&buffer);
  out << "a line " << 1 << '\n' << std::flush << "and another\n";
  out.flush();
  EXPECT_TRUE(out.good());
  EXPECT_EQ(ReadAll(), "a line 1\nand another\n");
}

TEST_F(PatientOutputTest, WritesAtItsEndWhatNobodyFlushed) {
  {
    PatientOutput buffer(writer_.get(), stop_.get());
    std::ostream(&buffer) << "the last line\n";
  }
  EXPECT_EQ(ReadAll(), "the last line\n");
}

// Far more than its own buffer and the pipe's.
TEST_F(PatientOutputTest, WaitsForASlowReaderAndLosesNothing) {
  std::string sent;
  for (int i = 0; i < 100'000; ++i) sent += std::to_string(i) + "\n";
  std::thread sender([&] {
    PatientOutput buffer(writer_.get(), stop_.get());
    std::ostream out(&buffer);
    out << sent.substr(0, 100) << sent.substr(100) << std::flush;
    EXPECT_TRUE(out.good());
    writer_.reset();
  });
  std::string got;
  char bytes[777];
  ssize_t count;
  while ((count = read(reader_.get(), bytes, sizeof(bytes))) > 0) {
    got.append(bytes, static_cast<size_t>(count));
  }
  sender.join();
  EXPECT_TRUE(got == sent);
}

TEST_F(PatientOutputTest, GivesAReaderUpThatStandsStillWhenTheStopComes) {
  std::promise<void> full;
  std::thread stopper([&] {
    full.get_future().wait();
    eventfd_write(stop_.get(), 1);
  });
  PatientOutput buffer(writer_.get(), stop_.get(),
                       std::chrono::milliseconds(1));
  std::ostream out(&buffer);
  const std::string bytes(1 << 16, 'x');
  out << bytes << std::flush;  // what a pipe holds
  EXPECT_TRUE(out.good());
  full.set_value();
  out << bytes << std::flush;
  EXPECT_FALSE(out.good());
  EXPECT_EQ(errno, ETIMEDOUT);
  stopper.join();
  out.clear();
  out << "later" << std::flush;
  EXPECT_FALSE(out.good());
}

// The summary of what was stopped is still for whoever reads.
TEST_F(PatientOutputTest, AReaderThatReadsGetsAllAfterTheStop) {
  eventfd_write(stop_.get(), 1);
  PatientOutput buffer(writer_.get(), stop_.get(), Duration::zero());
  std::ostream out(&buffer);
  out << "summary\n" << std::flush;
  EXPECT_TRUE(out.good());
  EXPECT_EQ(ReadAll(), "summary\n");
}

TEST_F(PatientOutputTest, AReaderThatHasGoneIsAnErrorWithItsNumber) {
  signal(SIGPIPE, SIG_IGN);
  reader_.reset();
  PatientOutput buffer(writer_.get(), stop_.get());
  std::ostream out(&buffer);
  out << "x" << std::flush;
  EXPECT_FALSE(out.good());
  EXPECT_EQ(errno, EPIPE);
}

}  // namespace
}  // namespace oriel::clients
