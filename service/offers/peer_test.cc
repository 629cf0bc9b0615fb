#include "service/offers/peer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/offers/pid_fd.h"
#include "service/offers/test_offers.h"

namespace oriel::offers {
namespace {

using ::testing::HasSubstr;

class PeerTest : public ::testing::Test {
 protected:
  PeerTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    helper_ = std::make_unique<TestHelper>(UniqueFd(ends[0]));
    auto peer = Peer::Create(UniqueFd(ends[1]));
    EXPECT_TRUE(peer.ok()) << peer.status();
    peer_ = *std::move(peer);
  }

  void SayHello() {
    helper_->Send(capture::Hello{"launcher 1"});
    ASSERT_TRUE(peer_->Receive(now_).ok());
  }
  std::string ErrorAfter(const std::string& text,
                         std::span<const int> fds = {}) {
    EXPECT_TRUE(helper_->SendText(text, fds));
    const auto received = peer_->Receive(now_);
    return received.ok() ? "taken" : std::string(received.status().message());
  }

  Time now_ = Clock::now();
  std::unique_ptr<TestHelper> helper_;
  std::unique_ptr<Peer> peer_;
};

TEST_F(PeerTest, AnOfferComesWithItsFds) {
  EXPECT_FALSE((*peer_->Receive(now_)).has_value());
  EXPECT_FALSE(peer_->introduced());
  SayHello();
  EXPECT_TRUE(peer_->introduced());
  EXPECT_EQ(peer_->name(), "launcher 1 (pid " + std::to_string(getpid()) + ")");
  EXPECT_EQ(peer_->uid(), getuid());

  FakeVfioFd device;
  capture::Offer offer = MakeOffer(7, "win11");
  offer.vm = "a\nb\x1b[0m";
  const int fds[] = {device.fd(), device.fd()};
  helper_->Send(offer, fds);
  auto received = peer_->Receive(now_);
  ASSERT_TRUE(received.ok() && received->has_value()) << received.status();
  const auto* taken = std::get_if<capture::Offer>(&(*received)->message);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->id, 7u);
  EXPECT_EQ(taken->vm, "a b [0m");
  ASSERT_EQ((*received)->fds.size(), 2u);
  EXPECT_EQ(fcntl((*received)->fds[1].get(), F_GETFD), FD_CLOEXEC);
  device.CloseOwn();
  EXPECT_TRUE(device.IsOpen());
  received->reset();
  EXPECT_FALSE(device.IsOpen());
}

TEST_F(PeerTest, WhatBreaksTheProtocolIsAnErrorAndItsFdsAreClosed) {
  FakeVfioFd device;
  const std::vector<int> fds(2, device.fd());
  EXPECT_THAT(ErrorAfter(EncodeBorrowMessage(MakeOffer(1, "a")), fds),
              HasSubstr("did not say hello first"));
  SayHello();
  EXPECT_THAT(ErrorAfter("{\"offer\": {\"id\": 7, \"dis", fds),
              HasSubstr("sent a bad message"));
  EXPECT_THAT(
      ErrorAfter(std::string(capture::kMaxBorrowMessageBytes + 1, ' '), fds),
      HasSubstr("sent a bad message"));
  EXPECT_THAT(ErrorAfter("{\"offer\": {\"id\": 0, \"display\": \"a\"}}", fds),
              HasSubstr("id"));
  EXPECT_THAT(ErrorAfter(EncodeBorrowMessage(capture::Hello{})),
              HasSubstr("said hello twice"));
  const std::vector<int> many(100, device.fd());
  EXPECT_THAT(ErrorAfter(EncodeBorrowMessage(MakeOffer(1, "a")), many),
              HasSubstr("more than 8 fds"));
  device.CloseOwn();
  EXPECT_FALSE(device.IsOpen());
}

TEST_F(PeerTest, AFloodIsAnError) {
  SayHello();
  std::string error;
  for (int i = 0; i < 3000 && error.empty(); ++i) {
    helper_->Send(capture::Withdrawal{1, ""});
    const auto received = peer_->Receive(now_);
    if (!received.ok()) error = std::string(received.status().message());
  }
  EXPECT_THAT(error, HasSubstr("messages in a second"));
  helper_->Send(capture::Withdrawal{1, ""});
  EXPECT_TRUE(peer_->Receive(now_ + std::chrono::seconds(1)).ok());
}

TEST_F(PeerTest, OneThatDoesNotReadOrHasGoneIsTold) {
  int sent = 0;
  while (sent < 100000 && peer_->Send(capture::Released{1})) ++sent;
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, 100000);
  helper_->Close();
  EXPECT_FALSE(peer_->Send(capture::Released{1}));
  EXPECT_THAT(std::string(peer_->Receive(now_).status().message()),
              HasSubstr("ended"));
}

TEST(ReadPidFdTest, TellsTheProcessUntilItWasWaitedFor) {
  FakeVmm vmm;
  const auto pid = ReadPidFd(vmm.pidfd());
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_EQ(*pid, vmm.pid());
  vmm.Kill();
  const auto gone = ReadPidFd(vmm.pidfd());
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(*gone, -1);
}

TEST(ReadPidFdTest, OtherFilesAreRefused) {
  for (const char* path : {"/dev/null", "/proc/self/status", "/proc/self"}) {
    const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(absl::IsInvalidArgument(ReadPidFd(fd.get()).status()));
  }
  EXPECT_FALSE(ReadPidFd(-1).ok());
}

}  // namespace
}  // namespace oriel::offers
