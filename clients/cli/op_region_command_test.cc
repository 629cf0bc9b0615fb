#include "capture/igd/op_region.h"
#include "capture/igd/sample_tables.h"
#include "clients/cli/commands_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
namespace igd = capture::igd;

class OpRegionCommandTest : public CommandsTest {
 protected:
  OpRegionCommandTest() {
    const auto bytes = igd::BuildOpRegion(igd::SampleChildren());
    server_.op_region.set_op_region(std::string(bytes.begin(), bytes.end()));
    server_.op_region.set_vbt("$VBT and more");
  }

  void TakeVbtAway() {
    (*server_.op_region.mutable_op_region())[0x58] = 0;
    server_.op_region.clear_vbt();
    server_.op_region.set_vbt_problem("the header names no VBT");
  }
};

TEST_F(OpRegionCommandTest, IsDecodedAsAFileIs) {
  const std::string path = Fresh("whole.bin");
  std::ofstream(path, std::ios::binary) << server_.op_region.op_region();
  const Outcome text = Run({"opregion", "vm7"});
  EXPECT_EQ(text.exit_code, kExitOk) << text.err;
  EXPECT_THAT(text.out, HasSubstr("OpRegion:    version 2.1"));
  EXPECT_EQ(text.out, Run({"vbt", path}).out);
  EXPECT_EQ(Run({"opregion", "--json"}).out, Run({"vbt", path, "--json"}).out);
}

TEST_F(OpRegionCommandTest, WithoutAVbtTheHeaderAndTheReasonArePrinted) {
  TakeVbtAway();
  const Outcome text = Run({"opregion"});
  EXPECT_EQ(text.exit_code, kExitOk) << text.err;
  EXPECT_THAT(text.out, HasSubstr("mailboxes:"));
  EXPECT_THAT(text.out, HasSubstr("VBT:         none\n\nProblems:\n"));
  const auto json = nlohmann::json::parse(Run({"opregion", "--json"}).out);
  EXPECT_TRUE(json["bdb_version"].is_null());
  EXPECT_EQ(json["op_region"]["major"], 2);
}

TEST_F(OpRegionCommandTest, SavesOneOrBoth) {
  const std::string whole = Fresh("opregion.bin");
  const std::string vbt = Fresh("vm7.vbt");
  const Outcome both = Run({"opregion", "--output", whole, "--vbt", vbt});
  EXPECT_EQ(both.exit_code, kExitOk) << both.err;
  EXPECT_EQ(both.out, whole + ": 8.2 kB\n" + vbt + ": 13 B\n");
  EXPECT_EQ(Content(whole), server_.op_region.op_region());
  EXPECT_EQ(Content(vbt), "$VBT and more");
  const auto json =
      nlohmann::json::parse(Run({"opregion", "--vbt", vbt, "--json"}).out);
  EXPECT_EQ(json["display"], "vm7");
  EXPECT_TRUE(json["op_region"].is_null());
  EXPECT_EQ(json["vbt"]["path"], vbt);
  EXPECT_EQ(json["vbt"]["bytes"], 13);
}

TEST_F(OpRegionCommandTest, StandardOutputHasTheBytesAlone) {
  EXPECT_EQ(Run({"opregion", "--vbt", "-"}).out, "$VBT and more");
  const std::string whole = Fresh("beside.bin");
  EXPECT_EQ(Run({"opregion", "--vbt", "-", "--output", whole}).out,
            "$VBT and more");
  EXPECT_EQ(Content(whole), server_.op_region.op_region());
  EXPECT_EQ(Run({"opregion", "--output", "-"}).out,
            server_.op_region.op_region());
}

TEST_F(OpRegionCommandTest, AVbtThatIsNotThereIsToldAndNothingIsWritten) {
  TakeVbtAway();
  const std::string whole = Fresh("unwritten.bin");
  const std::string vbt = Fresh("unwritten.vbt");
  const Outcome outcome = Run({"opregion", "--output", whole, "--vbt", vbt});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              HasSubstr("the OpRegion of vm7 has no VBT: the header names no "
                        "VBT; nothing was written"));
  EXPECT_NE(access(whole.c_str(), F_OK), 0);
  EXPECT_NE(access(vbt.c_str(), F_OK), 0);
  EXPECT_EQ(Run({"opregion", "--output", whole}).exit_code, kExitOk);
}

TEST_F(OpRegionCommandTest, WhatCannotBeDecodedCanBeSaved) {
  server_.op_region.set_op_region("noise");
  const Outcome outcome = Run({"opregion"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("cannot decode the OpRegion of vm7: "));
  EXPECT_THAT(outcome.err, HasSubstr("--output FILE saves it as it is"));
  EXPECT_EQ(Run({"opregion", "-o", "-"}).out, "noise");
}

TEST_F(OpRegionCommandTest, ADeviceWithoutOneIsAFailure) {
  server_.op_region_status = grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                                          "the device has no OpRegion");
  const Outcome outcome = Run({"opregion"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.err, "oriel: the device has no OpRegion\n");
}

}  // namespace
}  // namespace oriel::clients
