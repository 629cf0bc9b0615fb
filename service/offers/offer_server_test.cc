// orield's side of the devices socket, with real sockets and processes.
#include "service/offers/offer_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/display_name.h"
#include "service/offers/test_offers.h"
#include "service/session/test_status.h"
#include "service/session/test_viewer.h"

namespace oriel::offers {
namespace {

using capture::BorrowMessage;
using capture::Refused;
using capture::Released;
using session::DisplayState;
using session::DisplayStatus;
using session::TestViewer;
using Seen = session::TestViewer::Seen;
using ::testing::HasSubstr;

class OfferServerTest : public ::testing::Test {
 protected:
  OfferServerTest() {
    char folder[] = "/tmp/offers-XXXXXX";
    folder_ = mkdtemp(folder);
    options_.path = folder_ + "/devices.sock";
    options_.open = world_.opener();
  }
  ~OfferServerTest() override {
    world_.screen->UnblockScans();
    if (server_ != nullptr) server_->Stop();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    auto server = OfferServer::Start(options_, &world_.registry());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  TestHelper Connect() {
    TestHelper helper = TestHelper::ConnectTo(options_.path);
    EXPECT_TRUE(helper.Send(capture::Hello{"oriel-borrow 0.3"}));
    return helper;
  }
  // With the device's fd and a pidfd, as oriel-borrow does; keeps none.
  static void OfferDevice(TestHelper& helper, const capture::Offer& offer,
                          FakeVfioFd& device, const FakeVmm& vmm) {
    const int fds[] = {device.fd(), vmm.pidfd()};
    EXPECT_TRUE(helper.Send(offer, fds));
    device.CloseOwn();
  }
  void AwaitReady(const std::string& name) {
    AwaitDisplay(name);
    session::AwaitState(world_.registry(), name, DisplayState::kReady);
  }
  void AwaitReason(const std::string& name, const std::string& part) {
    AwaitDisplay(name);
    session::AwaitStatus(
        world_.registry(), name, [&](const DisplayStatus& status) {
          return status.state == DisplayState::kUnavailable &&
                 status.state_reason.find(part) != std::string::npos;
        });
  }
  void AwaitDisplay(const std::string& name) {
    while (!world_.registry().Get(name).ok()) usleep(1000);
  }
  std::shared_ptr<TestViewer> Watch(const std::string& display) {
    auto viewer = std::make_shared<TestViewer>(false);
    const auto handle = world_.registry().OpenViewer(display, {}, viewer);
    EXPECT_TRUE(handle.ok()) << handle.status();
    if (handle.ok()) viewer->Connect(*handle);
    viewer->Await([](const Seen& seen) { return !seen.updates.empty(); });
    return viewer;
  }
  static std::string EndOf(TestViewer& viewer) {
    const Seen seen =
        viewer.Await([](const Seen& seen) { return seen.closed.has_value(); });
    EXPECT_TRUE(absl::IsUnavailable(*seen.closed)) << *seen.closed;
    return std::string(seen.closed->message());
  }

  std::string folder_;
  OffersWorld world_;
  OfferServerOptions options_;
  std::unique_ptr<OfferServer> server_;
};

TEST_F(OfferServerTest, AVmsEndIsNoticedAndItsDeviceLetGoOf) {
  Start();
  TestHelper helper = Connect();
  FakeVfioFd device;
  FakeVmm vmm;
  capture::Offer offer = MakeOffer(7, "win11", "", "win11");
  offer.command = "qemu-system-x86";
  OfferDevice(helper, offer, device, vmm);
  AwaitReady("win11");
  EXPECT_TRUE(device.IsOpen());
  const auto viewer = Watch("win11");
  const std::string pid = std::to_string(vmm.pid());
  vmm.Kill();
  EXPECT_EQ(EndOf(*viewer),
            "display win11 is not available: the device went away: win11 "
            "(qemu-system-x86, pid " +
                pid + ") ended");
  device.AwaitClosed();
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{7}));
  AwaitReason("win11",
              "the VM is not running: win11 (qemu-system-x86, pid " + pid);

  // What the helper notices later is answered all the same.
  helper.Send(capture::Withdrawal{7, "win11 ended"});
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{7}));

  FakeVmm again;
  FakeVfioFd device_again;
  offer.id = 8;
  OfferDevice(helper, offer, device_again, again);
  AwaitReady("win11");
}

TEST_F(OfferServerTest, AWithdrawalGivesTheStreamsItsReason) {
  Start();
  TestHelper helper = Connect();
  FakeVfioFd device;
  FakeVmm vmm;
  OfferDevice(helper, MakeOffer(7, "win11"), device, vmm);
  AwaitReady("win11");
  const auto viewer = Watch("win11");
  helper.Send(capture::Withdrawal{7, "win11 closed the device"});
  EXPECT_THAT(EndOf(*viewer), HasSubstr("win11 closed the device"));
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{7}));
  EXPECT_FALSE(device.IsOpen());
  AwaitReason("win11", "lends it no more: win11 closed the device");
}

TEST_F(OfferServerTest, ReleasedIsSaidOnlyWhenNothingIsOpenAnyMore) {
  Start();
  TestHelper helper = Connect();
  FakeVfioFd device;
  FakeVfioFd other_device;
  FakeVmm vmm;
  OfferDevice(helper, MakeOffer(1, "stuck"), device, vmm);
  AwaitReady("stuck");
  // A device call that does not return.
  world_.screen->BlockScans();
  world_.registry().TakeSnapshot("stuck", [](const auto&) {});
  world_.screen->AwaitScansBegun(world_.screen->scans_ended() + 1);
  helper.Send(capture::Withdrawal{1, "closed"});
  // Meanwhile others are served.
  helper.Send(capture::Withdrawal{99, ""});
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{99}));
  EXPECT_TRUE(device.IsOpen());
  world_.screen->UnblockScans();
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{1}));
  EXPECT_FALSE(device.IsOpen());
}

TEST_F(OfferServerTest, WhoPingsIsAnsweredAndToldWhereADeviceIsHeld) {
  Start();
  TestHelper helper = Connect();
  helper.Send(capture::Ping{41});
  EXPECT_EQ(helper.Receive(), BorrowMessage(capture::Pong{41}));
  FakeVfioFd device;
  FakeVmm vmm;
  struct stat own;
  ASSERT_EQ(fstat(device.fd(), &own), 0);
  OfferDevice(helper, MakeOffer(7, "win11"), device, vmm);
  const auto answer = helper.Receive();
  ASSERT_TRUE(answer.has_value());
  const auto* taken = std::get_if<capture::Taken>(&*answer);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->id, 7u);
  struct stat held;
  ASSERT_EQ(fstat(taken->fd, &held), 0);
  EXPECT_EQ(held.st_ino, own.st_ino);
  helper.Send(capture::Withdrawal{7, ""});
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{7}));
  EXPECT_NE(fstat(taken->fd, &held), 0);
}

TEST_F(OfferServerTest, WhoPingedAndHangsLosesItsDevicesOthersMayBeSilent) {
  // Long enough for an offer to be taken; how long is no part of the test.
  options_.silence = std::chrono::seconds(1);
  Start();
  TestHelper hanging = Connect();
  TestHelper launcher = Connect();
  FakeVfioFd device;
  FakeVfioFd kept;
  FakeVmm vmm;
  OfferDevice(launcher, MakeOffer(1, "kept"), kept, vmm);
  hanging.Send(capture::Ping{1});
  EXPECT_EQ(hanging.Receive(), BorrowMessage(capture::Pong{1}));
  OfferDevice(hanging, MakeOffer(1, "hung"), device, vmm);
  EXPECT_TRUE(device.AwaitClosed());
  AwaitReason("hung", "stopped, or stuck");
  EXPECT_TRUE(std::holds_alternative<capture::Taken>(*hanging.Receive()));
  hanging.AwaitClosed();
  // Nothing is lost: it comes back.
  TestHelper again = Connect();
  FakeVfioFd device_again;
  OfferDevice(again, MakeOffer(1, "hung"), device_again, vmm);
  AwaitReady("hung");
  EXPECT_TRUE(kept.IsOpen());
  AwaitReady("kept");
}

TEST_F(OfferServerTest, AHelperThatDiesTakesItsOffersAlong) {
  Start();
  TestHelper helper = Connect();
  TestHelper other = Connect();
  FakeVfioFd device;
  FakeVfioFd kept;
  FakeVmm vmm;
  OfferDevice(helper, MakeOffer(1, "a"), device, vmm);
  OfferDevice(other, MakeOffer(1, "b"), kept, vmm);
  AwaitReady("a");
  AwaitReady("b");
  const auto viewer = Watch("a");
  helper.Close();
  EXPECT_THAT(EndOf(*viewer), HasSubstr("oriel-borrow 0.3 (pid " +
                                        std::to_string(getpid()) + ") ended"));
  device.AwaitClosed();
  EXPECT_TRUE(kept.IsOpen());
  AwaitReady("b");
}

TEST_F(OfferServerTest, WhatIsNotTakenIsRefusedAndClosed) {
  Start();
  TestHelper helper = Connect();
  FakeVfioFd device;
  FakeVmm vmm;
  const auto refusal = [&](const capture::Offer& offer,
                           const std::vector<int>& fds) {
    helper.Send(offer, fds);
    const auto answer = helper.Receive();
    const auto* refused =
        answer.has_value() ? std::get_if<Refused>(&*answer) : nullptr;
    EXPECT_NE(refused, nullptr);
    if (refused == nullptr) return std::string("?");
    EXPECT_EQ(refused->id, offer.id);
    return refused->reason;
  };
  const int fd = device.fd();
  EXPECT_THAT(refusal(MakeOffer(1, "a"), {}), HasSubstr("0 fds came"));
  EXPECT_THAT(refusal(MakeOffer(2, "a"), {fd, vmm.pidfd(), fd}),
              HasSubstr("3 fds came"));
  EXPECT_THAT(refusal(MakeOffer(3, "a"), {fd, fd}), HasSubstr("no pidfd"));
  capture::Offer lie = MakeOffer(4, "a");
  lie.vmm_pid = 1;
  EXPECT_THAT(refusal(lie, {fd, vmm.pidfd()}), HasSubstr("not 1's"));
  device.CloseOwn();
  device.AwaitClosed();
  EXPECT_TRUE(world_.registry().List().empty());
}

TEST_F(OfferServerTest, WhatLibvirtCallsAVmBecomesAName) {
  Start();
  TestHelper helper = Connect();
  FakeVfioFd device;
  FakeVmm vmm;
  const int fds[] = {device.fd(), vmm.pidfd()};
  helper.Send(MakeOffer(1, "Windows 11 (test)"), fds);
  const std::string name = DisplayNameFor("Windows 11 (test)", 64);
  AwaitReady(name);
  EXPECT_THAT(world_.registry().List().at(0).device,
              HasSubstr("of Windows 11 (test)"));
}

TEST_F(OfferServerTest, AnOfferThatCannotBeReadIsRefusedAloneWithTheReason) {
  Start();
  TestHelper helper = Connect();
  FakeVfioFd device;
  FakeVmm vmm;
  const int fds[] = {device.fd(), vmm.pidfd()};
  helper.Send(MakeOffer(1, "a"), fds);
  AwaitReady("a");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("display": "b", "device": "../b")", "offer.device has characters"},
      {R"("display": "")", "offer.display is missing"},
      {R"("display": 7)", "offer.display is not a string"},
      {R"("display": ")" + std::string(256, 'b') + '"', "more than 255"},
      {R"("display": "b", "vmm_pid": "7")", "offer.vmm_pid is not a number"},
  };
  uint64_t id = 1;
  for (const auto& [fields, reason] : cases) {
    helper.SendText(
        "{\"offer\": {\"id\": " + std::to_string(++id) + ", " + fields + "}}",
        fds);
    const auto answer = helper.Receive();
    const auto* refused =
        answer.has_value() ? std::get_if<Refused>(&*answer) : nullptr;
    ASSERT_NE(refused, nullptr) << fields;
    EXPECT_EQ(refused->id, id);
    EXPECT_THAT(refused->reason, HasSubstr(reason));
  }
  AwaitReady("a");
  device.CloseOwn();
  EXPECT_TRUE(device.IsOpen());
  EXPECT_EQ(world_.registry().List().size(), 1u);
}

TEST_F(OfferServerTest, LiarsAreDisconnectedAndOthersServed) {
  Start();
  TestHelper good = Connect();
  FakeVmm vmm;
  {
    FakeVfioFd device;
    TestHelper twice = Connect();
    const int fds[] = {device.fd(), vmm.pidfd()};
    twice.Send(MakeOffer(1, "a"), fds);
    AwaitReady("a");
    twice.Send(MakeOffer(1, "b"), fds);
    twice.AwaitClosed();
    device.CloseOwn();
    device.AwaitClosed();
    AwaitReason("a", "offered id 1 twice");
  }
  for (const std::string& text :
       {std::string("{\"offer\": {"), std::string(9000, 'x'), std::string("7"),
        EncodeBorrowMessage(Released{1}), EncodeBorrowMessage(capture::Hello{}),
        std::string("{\"offer\": {\"display\": \"a\"}}")}) {
    TestHelper liar = Connect();
    liar.SendText(text);
    const auto answer = liar.Receive();
    const auto* why =
        answer.has_value() ? std::get_if<capture::Notice>(&*answer) : nullptr;
    ASSERT_NE(why, nullptr) << text;
    EXPECT_THAT(why->text, HasSubstr("orield closes this connection, because"));
    liar.AwaitClosed();
  }
  TestHelper silent = TestHelper::ConnectTo(options_.path);
  silent.Send(capture::Withdrawal{1, ""});
  silent.AwaitClosed();
  // Asks and asks, and reads no answer.
  TestHelper flooding = Connect();
  for (int i = 0; i < 100000 && flooding.Send(capture::Withdrawal{5, ""}); ++i)
    ;
  FakeVfioFd device;
  OfferDevice(good, MakeOffer(1, "good"), device, vmm);
  AwaitReady("good");
}

TEST_F(OfferServerTest, ConnectionsAreBounded) {
  Start();
  std::vector<TestHelper> helpers;
  for (int i = 0; i < 16; ++i) helpers.push_back(Connect());
  for (TestHelper& helper : helpers) {
    helper.Send(capture::Withdrawal{1, ""});
    EXPECT_TRUE(helper.Receive().has_value());
  }
  TestHelper late = TestHelper::ConnectTo(options_.path);
  late.AwaitClosed();
  helpers.pop_back();
  // Its place is free as soon as its end was noticed.
  while (true) {
    TestHelper next = TestHelper::ConnectTo(options_.path);
    next.Send(capture::Hello{""});
    next.Send(capture::Withdrawal{1, ""});
    if (next.Receive().has_value()) break;
  }
}

TEST_F(OfferServerTest, WithoutAFreeFdItTriesAgainLater) {
  Start();
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none = {.rlim_cur = 3, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  TestHelper helper(std::move(fd), options_.path);
  helper.Send(capture::Hello{""});
  helper.Send(capture::Withdrawal{1, ""});
  const clock_t used = clock();
  usleep(300'000);
  EXPECT_LT(clock() - used, CLOCKS_PER_SEC / 10) << "it spins";
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{1}));
}

TEST_F(OfferServerTest, AConfiguredDisplayTellsWhatItWaitsFor) {
  options_.displays.push_back({.name = "office", .vm = "win11"});
  Start();
  AwaitReason("office", "waiting for oriel-borrow at " + options_.path);
  TestHelper helper = Connect();
  helper.Send(capture::Notice{"lacks CAP_SYS_PTRACE"});
  AwaitReason("office", "lacks CAP_SYS_PTRACE");
  FakeVfioFd device;
  FakeVmm vmm;
  OfferDevice(helper, MakeOffer(1, "win11.x", "", "win11"), device, vmm);
  AwaitReady("office");
}

TEST_F(OfferServerTest, StoppingLetsGoOfEverythingAndSaysSo) {
  Start();
  TestHelper helper = Connect();
  FakeVfioFd device;
  FakeVmm vmm;
  OfferDevice(helper, MakeOffer(1, "win11"), device, vmm);
  AwaitReady("win11");
  const auto viewer = Watch("win11");
  server_->Stop();
  EXPECT_FALSE(device.IsOpen());
  EXPECT_EQ(helper.Receive(), BorrowMessage(Released{1}));
  helper.AwaitClosed();
  EXPECT_THAT(EndOf(*viewer), HasSubstr("orield stops"));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(options_.path));
}

TEST_F(OfferServerTest, TheSocketHasItsModeAndOneServer) {
  options_.mode = 0660;
  Start();
  struct stat status;
  ASSERT_EQ(stat(options_.path.c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  const auto second = OfferServer::Start(options_, &world_.registry());
  EXPECT_TRUE(absl::IsAlreadyExists(second.status())) << second.status();
}

TEST(FindUserTest, KnowsNamesAndNumbers) {
  EXPECT_EQ(*FindUser("root"), 0u);
  EXPECT_EQ(*FindUser("1234"), 1234u);
  EXPECT_TRUE(absl::IsNotFound(FindUser("no-such-user").status()));
}

}  // namespace
}  // namespace oriel::offers
