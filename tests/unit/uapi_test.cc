// The ABI over the line is fixed: sizes, offsets and call numbers of include/ringside/uapi/ as they
// were first published. A failure here means that a program built yesterday would misread the
// module.
#include <gtest/gtest.h>
#include <stddef.h>

#include <type_traits>

#include "ringside/uapi/ksyms.h"

namespace {

TEST(UapiKsyms, Take) {
  EXPECT_EQ(sizeof(rs_ksyms_take), 32u);
  EXPECT_EQ(offsetof(rs_ksyms_take, size), 0u);
  EXPECT_EQ(offsetof(rs_ksyms_take, version), 4u);
  EXPECT_EQ(offsetof(rs_ksyms_take, table), 8u);
  EXPECT_EQ(offsetof(rs_ksyms_take, table_bytes), 16u);
  EXPECT_EQ(offsetof(rs_ksyms_take, reserved), 24u);
}

TEST(UapiKsyms, Record) {
  EXPECT_EQ(sizeof(rs_ksyms_record), 760u);
  EXPECT_EQ(offsetof(rs_ksyms_record, address), 0u);
  EXPECT_EQ(offsetof(rs_ksyms_record, symbol_address), 8u);
  EXPECT_EQ(offsetof(rs_ksyms_record, symbol_size), 16u);
  EXPECT_EQ(offsetof(rs_ksyms_record, length), 24u);
  EXPECT_EQ(offsetof(rs_ksyms_record, nth), 28u);
  EXPECT_EQ(offsetof(rs_ksyms_record, found), 32u);
  EXPECT_EQ(offsetof(rs_ksyms_record, type), 33u);
  EXPECT_EQ(offsetof(rs_ksyms_record, reserved), 34u);
  EXPECT_EQ(sizeof(rs_ksyms_record::reserved), 6u);
  EXPECT_EQ(offsetof(rs_ksyms_record, text), 40u);
  EXPECT_EQ(sizeof(rs_ksyms_record::text), 720u);
}

TEST(UapiKsyms, Lookup) {
  EXPECT_EQ(sizeof(rs_ksyms_lookup), 40u);
  EXPECT_EQ(offsetof(rs_ksyms_lookup, size), 0u);
  EXPECT_EQ(offsetof(rs_ksyms_lookup, version), 4u);
  EXPECT_EQ(offsetof(rs_ksyms_lookup, op), 8u);
  EXPECT_EQ(offsetof(rs_ksyms_lookup, count), 12u);
  EXPECT_EQ(offsetof(rs_ksyms_lookup, records), 16u);
  EXPECT_EQ(offsetof(rs_ksyms_lookup, elapsed_ns), 24u);
  EXPECT_EQ(offsetof(rs_ksyms_lookup, reserved), 32u);
}

TEST(UapiKsyms, Status) {
  EXPECT_EQ(sizeof(rs_ksyms_status), 72u);
  EXPECT_EQ(offsetof(rs_ksyms_status, size), 0u);
  EXPECT_EQ(offsetof(rs_ksyms_status, version), 4u);
  EXPECT_EQ(offsetof(rs_ksyms_status, table_bytes), 8u);
  EXPECT_EQ(offsetof(rs_ksyms_status, symbols), 16u);
  EXPECT_EQ(offsetof(rs_ksyms_status, kaslr_offset), 24u);
  EXPECT_EQ(offsetof(rs_ksyms_status, build_id_bytes), 32u);
  EXPECT_EQ(offsetof(rs_ksyms_status, build_id), 36u);
  EXPECT_EQ(sizeof(rs_ksyms_status::build_id), 32u);
  EXPECT_EQ(offsetof(rs_ksyms_status, reserved), 68u);
}

// No hole: what the kernel copies out is what it wrote, field by field.
TEST(UapiKsyms, StructuresHaveNoPadding) {
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_ksyms_take>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_ksyms_record>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_ksyms_lookup>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_ksyms_status>);
}

// _IOWR('R', n, size): direction 3 in bits 30-31, size in 16-29, 'R' in 8-15, n below.
TEST(UapiKsyms, CallNumbers) {
  EXPECT_EQ(RS_KSYMS_IOC_TAKE, 0xc0205210u);
  EXPECT_EQ(RS_KSYMS_IOC_LOOKUP, 0xc0285211u);
  EXPECT_EQ(RS_KSYMS_IOC_STATUS, 0xc0485212u);
}

TEST(UapiKsyms, NumbersAndLimits) {
  EXPECT_STREQ(RS_KSYMS_DEVICE, "/dev/ringside-ksyms");
  EXPECT_EQ(RS_KSYMS_VERSION, 1);
  EXPECT_EQ(RS_KSYMS_FIND, 0);
  EXPECT_EQ(RS_KSYMS_FORMAT, 1);
  EXPECT_EQ(RS_KSYMS_STOCK, 2);
  EXPECT_EQ(RS_KSYMS_NAME, 3);
  EXPECT_EQ(RS_KSYMS_TABLE_MAX, 4u << 20);
  EXPECT_EQ(RS_KSYMS_NTH_MAX, 1024u);
  EXPECT_EQ(RS_KSYMS_BATCH_MAX, 65536u);
}

}  // namespace
