#include "capture/borrow/messages.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

Offer WholeOffer() {
  Offer offer;
  offer.id = 7;
  offer.display = "win11.83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
  offer.device = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
  offer.vm = "win11";
  offer.vmm_pid = 4711;
  offer.command = "qemu-system-x86";
  offer.evidence = "the only member of group 7";
  offer.dma_bufs_allowed = true;
  return offer;
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<BorrowMessage> message = ParseBorrowMessage(text);
  EXPECT_EQ(message.status().code(), absl::StatusCode::kInvalidArgument)
      << text;
  return std::string(message.status().message());
}

TEST(BorrowMessages, EveryKindComesBackAsItWas) {
  const std::vector<BorrowMessage> messages = {
      Hello{"oriel-borrow 0.3"},
      WholeOffer(),
      Withdrawal{7, "the VM ended"},
      Notice{"grant \"CAP_SYS_PTRACE\""},
      Notice{},
      Released{~0ull},
      Refused{7, "the name is taken"},
      Ping{~0ull},
      Pong{3},
      Taken{7, 0}};
  for (const BorrowMessage& message : messages) {
    const std::string text = EncodeBorrowMessage(message);
    const absl::StatusOr<BorrowMessage> parsed = ParseBorrowMessage(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, message) << text;
  }
}

TEST(BorrowMessages, AreWrittenAsTheHeaderSays) {
  EXPECT_EQ(EncodeBorrowMessage(Hello{"me"}), R"({"hello":{"sender":"me"}})");
  EXPECT_EQ(EncodeBorrowMessage(Withdrawal{3, "gone"}),
            R"({"withdraw":{"id":3,"reason":"gone"}})");
}

TEST(BorrowMessages, ALauncherNeedsAnIdAndADisplayOnly) {
  const absl::StatusOr<BorrowMessage> parsed = ParseBorrowMessage(
      R"({"offer": {"id": 1, "display": "win11", "colour": [1, 2]}})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  Offer expected;
  expected.id = 1;
  expected.display = "win11";
  EXPECT_EQ(*parsed, BorrowMessage(expected));
}

TEST(BorrowMessages, ErrorsNameTheField) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("JSON object"));
  EXPECT_THAT(ErrorOf("[1]"), HasSubstr("JSON object"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("one member"));
  EXPECT_THAT(ErrorOf(R"({"released":{"id":1},"refused":{"id":1}})"),
              HasSubstr("one member"));
  EXPECT_THAT(ErrorOf(R"({"steal":{"id":1}})"), HasSubstr("steal"));
  EXPECT_THAT(ErrorOf(R"({"released":[1]})"), HasSubstr("released"));
  EXPECT_THAT(ErrorOf(R"({"released":{}})"), HasSubstr("released.id"));
  EXPECT_THAT(ErrorOf(R"({"released":{"id":0}})"), HasSubstr("released.id"));
  EXPECT_THAT(ErrorOf(R"({"released":{"id":-1}})"), HasSubstr("released.id"));
  EXPECT_THAT(ErrorOf(R"({"released":{"id":1.5}})"), HasSubstr("released.id"));
  EXPECT_THAT(ErrorOf(R"({"offer":{"display":"a"}})"), HasSubstr("offer.id"));
  EXPECT_THAT(ErrorOf(R"({"offer":{"id":"1","display":"a"}})"),
              HasSubstr("offer.id"));
  EXPECT_THAT(ErrorOf(R"({"notice":{"text":7}})"), HasSubstr("notice.text"));
  EXPECT_THAT(ErrorOf(std::string(kMaxBorrowMessageBytes + 1, ' ')),
              HasSubstr("16385 bytes"));
}

// So that the offer alone can be refused.
TEST(BorrowMessages, AnOfferWithAnIdTellsItsFault) {
  for (const auto& [fields, field] :
       std::vector<std::pair<std::string, std::string>>{
           {R"("device":"a")", "offer.display"},
           {R"("display":"a","device":"../b")", "offer.device"},
           {R"("display":"a","vmm_pid":3e9)", "offer.vmm_pid"},
           {R"("display":"a","vmm_pid":2147483648)", "offer.vmm_pid"},
           {R"("display":"a","vm":7)", "offer.vm"},
           {R"("display":"a","dma_bufs_allowed":1)",
            "offer.dma_bufs_allowed"}}) {
    const auto parsed =
        ParseBorrowMessage(R"({"offer":{"id":3,)" + fields + "}}");
    ASSERT_TRUE(parsed.ok()) << fields << ": " << parsed.status();
    const Offer offer = std::get<Offer>(*parsed);
    EXPECT_EQ(offer.id, 3u);
    EXPECT_THAT(offer.fault, HasSubstr(field + " "));
  }
}

TEST(BorrowMessages, ADisplayMayBeCalledWhatLibvirtCallsAVm) {
  Offer offer = WholeOffer();
  offer.display = offer.vm =
      "Windows 11 (\u00fc), 'test'\t" + std::string(200, 'x');
  const auto parsed = ParseBorrowMessage(EncodeBorrowMessage(offer));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, BorrowMessage(offer));
}

TEST(BorrowMessages, LongTextsForPeopleAreCut) {
  const auto parsed = ParseBorrowMessage(R"({"withdraw":{"id":1,"reason":")" +
                                         std::string(2000, 'a') + R"("}})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, BorrowMessage(Withdrawal{1, std::string(1024, 'a')}));
}

TEST(BorrowMessages, TextsAreCutAtACharacter) {
  // 1025 bytes; the last character begins at byte 1023.
  const Notice notice{std::string(1023, 'a') + "\u00e9"};
  const absl::StatusOr<BorrowMessage> parsed =
      ParseBorrowMessage(EncodeBorrowMessage(notice));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, BorrowMessage(Notice{std::string(1023, 'a')}));
}

TEST(BorrowMessages, NoTextMakesAMessageTooLong) {
  Offer offer = WholeOffer();
  // Each of these bytes needs six in JSON.
  offer.evidence = offer.vm = offer.command = std::string(5000, '\x01');
  std::string text = EncodeBorrowMessage(offer);
  EXPECT_LE(text.size(), kMaxBorrowMessageBytes);
  const auto parsed = ParseBorrowMessage(text);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(std::get<Offer>(*parsed).fault, "");
  offer.display = offer.device = std::string(9000, '\x01');
  EXPECT_LE(EncodeBorrowMessage(offer).size(), kMaxBorrowMessageBytes);
}

TEST(BorrowMessages, ANameThatIsTooLongIsNotCutIntoAnother) {
  Offer offer = WholeOffer();
  offer.display = std::string(1000, 'a');
  const auto parsed = ParseBorrowMessage(EncodeBorrowMessage(offer));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(std::get<Offer>(*parsed).fault, HasSubstr("offer.display"));
}

TEST(BorrowMessages, TextThatIsNotUtf8IsReplaced) {
  Offer offer = WholeOffer();
  offer.vm = "w\xff\xfe";
  const absl::StatusOr<BorrowMessage> parsed =
      ParseBorrowMessage(EncodeBorrowMessage(offer));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(std::get<Offer>(*parsed).vm, "w\uFFFD\uFFFD");
}

}  // namespace
}  // namespace oriel::capture
