#include "capture/borrow/connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

// Plays orield: listens on a path short enough for a socket.
class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    std::string pattern = "/tmp/oriel-borrow-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/s";
  }
  ~ConnectionTest() override { std::filesystem::remove_all(folder_); }

  void Listen() {
    listener_.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof(address)),
              0);
    ASSERT_EQ(listen(listener_.get(), 4), 0);
  }

  UniqueFd Accept() {
    return UniqueFd(accept(listener_.get(), nullptr, nullptr));
  }

  std::string folder_;
  std::string path_;
  UniqueFd listener_;
};

TEST_F(ConnectionTest, SaysWhereNobodyListens) {
  const auto connection = Connection::Open(path_);
  EXPECT_EQ(connection.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(connection.status().message()).find(path_),
            std::string::npos);
  EXPECT_EQ(Connection::Open(std::string(200, 'x')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ConnectionTest, CarriesMessagesAndFds) {
  Listen();
  const auto connection = Connection::Open(path_);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ((*connection)->orield_pid(), getpid());
  const UniqueFd orield = Accept();
  Offer offer;
  offer.id = 1;
  offer.display = "a";
  const UniqueFd first(eventfd(11, EFD_CLOEXEC));
  const UniqueFd second(eventfd(22, EFD_CLOEXEC));
  const std::array<int, 2> fds = {first.get(), second.get()};
  ASSERT_EQ((*connection)->Send(offer, fds), BorrowPeer::Result::kSent);

  std::array<char, 8192> bytes;
  iovec part = {bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, 128> control;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = recvmsg(orield.get(), &header, 0);
  ASSERT_GT(size, 0);
  EXPECT_EQ(*ParseBorrowMessage(std::string(bytes.data(), size)),
            BorrowMessage(offer));
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  ASSERT_NE(rights, nullptr);
  ASSERT_EQ(rights->cmsg_len, CMSG_LEN(2 * sizeof(int)));
  std::array<int, 2> received;
  std::memcpy(received.data(), CMSG_DATA(rights), sizeof(received));
  for (size_t i = 0; i < received.size(); ++i) {
    const UniqueFd fd(received[i]);
    uint64_t value = 0;
    ASSERT_EQ(read(fd.get(), &value, sizeof(value)), 8);
    EXPECT_EQ(value, i == 0 ? 11u : 22u);
  }
}

TEST_F(ConnectionTest, ReceivesOneMessageAfterAnother) {
  Listen();
  const auto connection = Connection::Open(path_);
  const UniqueFd orield = Accept();
  EXPECT_FALSE((*connection)->Receive()->has_value());
  for (const BorrowMessage& message :
       {BorrowMessage(Released{1}), BorrowMessage(Refused{2, "no"})}) {
    const std::string text = EncodeBorrowMessage(message);
    ASSERT_GT(send(orield.get(), text.data(), text.size(), 0), 0);
  }
  EXPECT_EQ(**(*connection)->Receive(), BorrowMessage(Released{1}));
  EXPECT_EQ(**(*connection)->Receive(), BorrowMessage(Refused{2, "no"}));
  EXPECT_FALSE((*connection)->Receive()->has_value());
}

TEST_F(ConnectionTest, TheEndAndNonsenseAreErrors) {
  Listen();
  const auto connection = Connection::Open(path_);
  UniqueFd orield = Accept();
  ASSERT_GT(send(orield.get(), "{", 1, 0), 0);
  EXPECT_EQ((*connection)->Receive().status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string too_long(9000, 'x');
  ASSERT_GT(send(orield.get(), too_long.data(), too_long.size(), 0), 0);
  EXPECT_EQ((*connection)->Receive().status().code(),
            absl::StatusCode::kInvalidArgument);
  orield.reset();
  EXPECT_EQ((*connection)->Receive().status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ((*connection)->Send(Hello{"x"}, {}), BorrowPeer::Result::kLost);
}

TEST_F(ConnectionTest, NeverWaitsForAnOrieldThatDoesNotRead) {
  Listen();
  const auto connection = Connection::Open(path_);
  const UniqueFd orield = Accept();
  BorrowPeer::Result result = BorrowPeer::Result::kSent;
  for (int i = 0; i < 100000 && result == BorrowPeer::Result::kSent; ++i) {
    result = (*connection)->Send(Notice{std::string(1000, 'x')}, {});
  }
  EXPECT_EQ(result, BorrowPeer::Result::kBusy);
}

TEST_F(ConnectionTest, FdsThatComeAreNotKept) {
  Listen();
  const auto connection = Connection::Open(path_);
  const UniqueFd orield = Accept();
  std::array<int, 2> ends;
  ASSERT_EQ(pipe(ends.data()), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  std::string text = EncodeBorrowMessage(Released{1});
  iovec part = {text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = write_end.get();
  std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  ASSERT_GT(sendmsg(orield.get(), &header, 0), 0);
  write_end.reset();
  EXPECT_TRUE((*connection)->Receive().ok());
  pollfd request = {read_end.get(), POLLIN, 0};
  EXPECT_EQ(poll(&request, 1, 0), 1);
  EXPECT_NE(request.revents & POLLHUP, 0);
}

}  // namespace
}  // namespace oriel::capture
