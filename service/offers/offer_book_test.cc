#include "service/offers/offer_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/offers/test_offers.h"
#include "service/session/test_status.h"

namespace oriel::offers {
namespace {

using session::DisplayState;
using session::DisplayStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
constexpr char kOtherUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";

class OfferBookTest : public ::testing::Test {
 protected:
  OfferBookTest() : book_(&world_.registry(), world_.opener(), [] {}) {}

  absl::Status Add(const capture::Offer& offer) {
    return book_.Add({1, offer.id}, offer, device_.Copy(), now_);
  }
  void End(uint64_t id) {
    book_.End({1, id}, {"win11 ended", "the VM is not running: win11 ended"},
              now_);
  }
  void Configure(const std::string& name, const std::string& device,
                 const std::string& vm) {
    BorrowedDisplayOptions options;
    options.name = name;
    options.device = device;
    options.vm = vm;
    ASSERT_EQ(book_.Configure(options), absl::OkStatus());
  }
  DisplayStatus AwaitReady(const std::string& name) {
    return session::AwaitState(world_.registry(), name, DisplayState::kReady);
  }
  void AwaitReason(const std::string& name, const std::string& part) {
    session::AwaitStatus(
        world_.registry(), name, [&](const DisplayStatus& status) {
          return status.state == DisplayState::kUnavailable &&
                 status.state_reason.find(part) != std::string::npos;
        });
  }
  // Until the displays' threads have let go.
  std::vector<OfferKey> AwaitOver(size_t count) {
    std::vector<OfferKey> over;
    while (over.size() < count) {
      for (const OfferKey& key : book_.TakeOver(now_)) over.push_back(key);
    }
    return over;
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const DisplayStatus& status : world_.registry().List()) {
      names.push_back(status.name);
    }
    return names;
  }

  OffersWorld world_;
  FakeVfioFd device_;
  Time now_ = Clock::now();
  OfferBook book_;
};

TEST_F(OfferBookTest, ADisplayLivesWithItsOfferAndTenMinutesLonger) {
  ASSERT_EQ(Add(MakeOffer(1, "win11", kUuid, "win11")), absl::OkStatus());
  const DisplayStatus status = AwaitReady("win11");
  EXPECT_EQ(status.device, std::string("mdev ") + kUuid + " of win11");
  EXPECT_THAT(status.framebuffer, HasSubstr(kUuid));
  EXPECT_EQ(book_.RemoveGone(now_), Time::max());
  device_.CloseOwn();
  EXPECT_TRUE(device_.IsOpen());
  End(1);
  AwaitReason("win11", "the VM is not running: win11 ended");
  EXPECT_THAT(AwaitOver(1), ElementsAre(OfferKey{1, 1}));
  EXPECT_FALSE(device_.IsOpen());
  EXPECT_TRUE(book_.empty());
  EXPECT_EQ(book_.RemoveGone(now_), now_ + kKeptFor);
  EXPECT_THAT(Names(), ElementsAre("win11"));
  EXPECT_EQ(book_.RemoveGone(now_ + kKeptFor), Time::max());
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(OfferBookTest, TheSameVmAgainIsTheSameDisplay) {
  ASSERT_EQ(Add(MakeOffer(1, "win11", kUuid)), absl::OkStatus());
  AwaitReady("win11");
  End(1);
  // At once, while the old device may still be open.
  ASSERT_EQ(Add(MakeOffer(2, "win11", kUuid)), absl::OkStatus());
  EXPECT_THAT(AwaitOver(1), ElementsAre(OfferKey{1, 1}));
  AwaitReady("win11");
  EXPECT_EQ(book_.RemoveGone(now_ + 2 * kKeptFor), Time::max());
  EXPECT_THAT(Names(), ElementsAre("win11"));
}

TEST_F(OfferBookTest, OneThatCannotBeOpenedSaysWhyAndIsLetGoOfAllTheSame) {
  world_.adoption_fails = true;
  ASSERT_EQ(Add(MakeOffer(1, "win11", kUuid)), absl::OkStatus());
  AwaitReason("win11", "no VFIO device");
  End(1);
  AwaitOver(1);
}

TEST_F(OfferBookTest, NamesAndDevicesAreOfferedOnce) {
  session::DisplayOptions own;
  own.name = "own";
  own.open = [] { return absl::UnavailableError("not now"); };
  ASSERT_EQ(world_.registry().AddDisplay(own), absl::OkStatus());
  Configure("office", kUuid, "");
  ASSERT_EQ(Add(MakeOffer(1, "a", "0000:00:02.0")), absl::OkStatus());
  for (const capture::Offer& offer :
       {MakeOffer(2, "a"), MakeOffer(2, "b", "0000:00:02.0"),
        MakeOffer(2, "own"), MakeOffer(2, "office", kOtherUuid)}) {
    EXPECT_TRUE(absl::IsAlreadyExists(Add(offer))) << offer.display;
    EXPECT_FALSE(book_.Has({1, 2}));
  }
  // What cannot be told apart may be two devices.
  EXPECT_EQ(Add(MakeOffer(2, "c")), absl::OkStatus());
  EXPECT_EQ(Add(MakeOffer(3, "d")), absl::OkStatus());
  EXPECT_THAT(Names(), ElementsAre("a", "c", "d", "office", "own"));
}

TEST_F(OfferBookTest, AConfiguredDisplayTakesItsDeviceUnderItsOwnName) {
  Configure("office", kUuid, "");
  AwaitReason("office", std::string("no running VM offers mdev ") + kUuid);
  std::string upper = kUuid;
  for (char& c : upper) c = static_cast<char>(toupper(c));
  ASSERT_EQ(Add(MakeOffer(1, "win11", upper)), absl::OkStatus());
  AwaitReady("office");
  EXPECT_THAT(Names(), ElementsAre("office"));
  End(1);
  AwaitReason("office", "win11 ended");
  AwaitOver(1);
  EXPECT_EQ(book_.RemoveGone(now_ + 2 * kKeptFor), Time::max());
  EXPECT_THAT(Names(), ElementsAre("office"));
}

TEST_F(OfferBookTest, AConfiguredVmWithTwoDevicesIsAmbiguousUntilOneGoes) {
  Configure("office", "", "win11");
  AwaitReason("office", "no running VM \"win11\" offers a device");
  ASSERT_EQ(Add(MakeOffer(1, "win11.a", kUuid, "win11")), absl::OkStatus());
  AwaitReady("office");
  ASSERT_EQ(Add(MakeOffer(2, "win11.b", kOtherUuid, "win11")),
            absl::OkStatus());
  AwaitReason("office", "they are offered as win11.a, win11.b");
  AwaitReady("win11.a");
  AwaitReady("win11.b");
  End(1);
  AwaitReady("office");
  EXPECT_THAT(AwaitOver(1), ElementsAre(OfferKey{1, 1}));
  End(2);
  AwaitReason("office", "win11 ended");
  AwaitOver(1);
}

TEST_F(OfferBookTest, ADeviceThatIsNamedIsNotOneOfItsVmsOthers) {
  Configure("second", kOtherUuid, "");
  Configure("first", "", "win11");
  ASSERT_EQ(Add(MakeOffer(1, "win11.a", kUuid, "win11")), absl::OkStatus());
  ASSERT_EQ(Add(MakeOffer(2, "win11.b", kOtherUuid, "win11")),
            absl::OkStatus());
  EXPECT_THAT(AwaitReady("first").framebuffer, HasSubstr(kUuid));
  EXPECT_THAT(AwaitReady("second").framebuffer, HasSubstr(kOtherUuid));
  EXPECT_THAT(Names(), ElementsAre("first", "second"));
}

TEST_F(OfferBookTest, AbsentDisplaysTellWhatTheHelperLacks) {
  Configure("office", kUuid, "");
  book_.SetHelperState("oriel-borrow says: lacks CAP_SYS_PTRACE");
  AwaitReason("office", "lacks CAP_SYS_PTRACE");
  book_.SetHelperState("");
  session::AwaitStatus(
      world_.registry(), "office", [](const DisplayStatus& status) {
        return status.state_reason.find("CAP_SYS_PTRACE") == std::string::npos;
      });
}

TEST_F(OfferBookTest, AnotherDeviceUnderAnOldNameWaitsForTheOldOne) {
  ASSERT_EQ(Add(MakeOffer(1, "vm", kUuid)), absl::OkStatus());
  AwaitReady("vm");
  world_.screen->BlockScans();
  const auto blocked = [&] {
    world_.registry().TakeSnapshot("vm", [](const auto&) {});
    world_.screen->AwaitScansBegun(world_.screen->scans_ended() + 1);
  };
  blocked();
  End(1);
  ASSERT_EQ(Add(MakeOffer(2, "vm", kOtherUuid)), absl::OkStatus());
  EXPECT_THAT(world_.registry().Get("vm")->device, HasSubstr(kUuid));
  EXPECT_THAT(book_.TakeOver(now_), IsEmpty());
  EXPECT_EQ(book_.RemoveGone(now_ + 2 * kKeptFor), Time::max());
  world_.screen->UnblockScans();
  EXPECT_THAT(AwaitOver(1), ElementsAre(OfferKey{1, 1}));
  EXPECT_THAT(AwaitReady("vm").device, HasSubstr(kOtherUuid));
}

TEST_F(OfferBookTest, OffersAndTheirDisplaysAreBounded) {
  world_.adoption_fails = true;
  for (uint64_t id = 1; id <= kMaxOffers; ++id) {
    ASSERT_EQ(Add(MakeOffer(id, "a" + std::to_string(id))), absl::OkStatus());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Add(MakeOffer(9999, "b"))));
  // Names that come and go push out those that have gone for longest.
  uint64_t id = 10000;
  for (size_t round = 0; round < 3; ++round) {
    book_.EndAll(1, {"gone", "gone"}, now_);
    AwaitOver(kMaxOffers);
    now_ += std::chrono::seconds(1);
    for (size_t i = 0; i < kMaxOffers; ++i) {
      ++id;
      ASSERT_EQ(Add(MakeOffer(id, "x" + std::to_string(id))), absl::OkStatus());
    }
    EXPECT_LE(Names().size(), kMaxBorrowedDisplays);
  }
  EXPECT_EQ(Names().size(), kMaxBorrowedDisplays);
}

TEST_F(OfferBookTest, WhoDrivesADeviceIsToldAsFarAsItIsKnown) {
  capture::Offer offer;
  EXPECT_EQ(OfferBook::WhoDrives(offer), "its VM");
  offer.vmm_pid = 4711;
  EXPECT_EQ(OfferBook::WhoDrives(offer), "its VM (pid 4711)");
  offer.command = "qemu-system-x86";
  EXPECT_EQ(OfferBook::WhoDrives(offer), "qemu-system-x86 (pid 4711)");
  offer.vm = "win11";
  EXPECT_EQ(OfferBook::WhoDrives(offer), "win11 (qemu-system-x86, pid 4711)");
  offer.command.clear();
  EXPECT_EQ(OfferBook::WhoDrives(offer), "win11 (pid 4711)");
}

}  // namespace
}  // namespace oriel::offers
