// The ABI over the line is fixed: sizes, offsets and call numbers of include/ringside/uapi/ as they
// were first published. A failure here means that a program built yesterday would misread the
// module.
#include <gtest/gtest.h>
#include <stddef.h>

#include <type_traits>

#include "ringside/uapi/firmware.h"
#include "ringside/uapi/html.h"
#include "ringside/uapi/ksyms.h"
#include "ringside/uapi/loader.h"
#include "ringside/uapi/oops.h"
#include "ringside/uapi/scsi.h"
#include "ringside/uapi/space.h"

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

TEST(UapiLoader, Arm) {
  EXPECT_EQ(sizeof(rs_loader_arm), 24u);
  EXPECT_EQ(offsetof(rs_loader_arm, size), 0u);
  EXPECT_EQ(offsetof(rs_loader_arm, version), 4u);
  EXPECT_EQ(offsetof(rs_loader_arm, mode), 8u);
  EXPECT_EQ(offsetof(rs_loader_arm, timeout_ms), 12u);
  EXPECT_EQ(offsetof(rs_loader_arm, reserved), 16u);
}

TEST(UapiLoader, Disarm) {
  EXPECT_EQ(sizeof(rs_loader_disarm), 16u);
  EXPECT_EQ(offsetof(rs_loader_disarm, size), 0u);
  EXPECT_EQ(offsetof(rs_loader_disarm, version), 4u);
  EXPECT_EQ(offsetof(rs_loader_disarm, state), 8u);
  EXPECT_EQ(offsetof(rs_loader_disarm, reserved), 12u);
}

TEST(UapiLoader, Load) {
  EXPECT_EQ(sizeof(rs_loader_load), 112u);
  EXPECT_EQ(offsetof(rs_loader_load, size), 0u);
  EXPECT_EQ(offsetof(rs_loader_load, version), 4u);
  EXPECT_EQ(offsetof(rs_loader_load, state), 8u);
  EXPECT_EQ(offsetof(rs_loader_load, mode), 12u);
  EXPECT_EQ(offsetof(rs_loader_load, by), 16u);
  EXPECT_EQ(offsetof(rs_loader_load, error), 20u);
  EXPECT_EQ(offsetof(rs_loader_load, sections), 24u);
  EXPECT_EQ(offsetof(rs_loader_load, symbols), 28u);
  EXPECT_EQ(offsetof(rs_loader_load, symbol_section), 32u);
  EXPECT_EQ(offsetof(rs_loader_load, module_section), 36u);
  EXPECT_EQ(offsetof(rs_loader_load, percpu_section), 40u);
  EXPECT_EQ(offsetof(rs_loader_load, reserved), 44u);
  EXPECT_EQ(offsetof(rs_loader_load, percpu), 48u);
  EXPECT_EQ(offsetof(rs_loader_load, name), 56u);
}

TEST(UapiLoader, Section) {
  EXPECT_EQ(sizeof(rs_loader_section), 32u);
  EXPECT_EQ(offsetof(rs_loader_section, address), 0u);
  EXPECT_EQ(offsetof(rs_loader_section, bytes), 8u);
  EXPECT_EQ(offsetof(rs_loader_section, flags), 16u);
  EXPECT_EQ(offsetof(rs_loader_section, type), 24u);
  EXPECT_EQ(offsetof(rs_loader_section, reserved), 28u);
}

TEST(UapiLoader, Table) {
  EXPECT_EQ(sizeof(rs_loader_table), 32u);
  EXPECT_EQ(offsetof(rs_loader_table, size), 0u);
  EXPECT_EQ(offsetof(rs_loader_table, version), 4u);
  EXPECT_EQ(offsetof(rs_loader_table, first), 8u);
  EXPECT_EQ(offsetof(rs_loader_table, count), 12u);
  EXPECT_EQ(offsetof(rs_loader_table, records), 16u);
  EXPECT_EQ(offsetof(rs_loader_table, reserved), 24u);
}

TEST(UapiLoader, Verdict) {
  EXPECT_EQ(sizeof(rs_loader_verdict), 16u);
  EXPECT_EQ(offsetof(rs_loader_verdict, size), 0u);
  EXPECT_EQ(offsetof(rs_loader_verdict, version), 4u);
  EXPECT_EQ(offsetof(rs_loader_verdict, verdict), 8u);
  EXPECT_EQ(offsetof(rs_loader_verdict, error), 12u);
}

TEST(UapiLoader, Status) {
  EXPECT_EQ(sizeof(rs_loader_status), 64u);
  EXPECT_EQ(offsetof(rs_loader_status, size), 0u);
  EXPECT_EQ(offsetof(rs_loader_status, version), 4u);
  EXPECT_EQ(offsetof(rs_loader_status, armed), 8u);
  EXPECT_EQ(offsetof(rs_loader_status, hooked), 12u);
  EXPECT_EQ(offsetof(rs_loader_status, by_user), 16u);
  EXPECT_EQ(offsetof(rs_loader_status, by_core), 24u);
  EXPECT_EQ(offsetof(rs_loader_status, by_kernel), 32u);
  EXPECT_EQ(offsetof(rs_loader_status, failed), 40u);
  EXPECT_EQ(offsetof(rs_loader_status, timed_out), 48u);
  EXPECT_EQ(offsetof(rs_loader_status, reserved), 56u);
}

TEST(UapiLoader, StructuresHaveNoPadding) {
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_loader_arm>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_loader_disarm>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_loader_load>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_loader_section>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_loader_table>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_loader_verdict>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_loader_status>);
}

TEST(UapiLoader, CallNumbers) {
  EXPECT_EQ(RS_LOADER_IOC_ARM, 0xc0185220u);
  EXPECT_EQ(RS_LOADER_IOC_DISARM, 0xc0105221u);
  EXPECT_EQ(RS_LOADER_IOC_WAIT, 0xc0705222u);
  EXPECT_EQ(RS_LOADER_IOC_SECTIONS, 0xc0205223u);
  EXPECT_EQ(RS_LOADER_IOC_SYMBOLS, 0xc0205224u);
  EXPECT_EQ(RS_LOADER_IOC_COMPLETE, 0xc0105225u);
  EXPECT_EQ(RS_LOADER_IOC_STATUS, 0xc0405226u);
}

TEST(UapiLoader, NumbersAndLimits) {
  EXPECT_STREQ(RS_LOADER_DEVICE, "/dev/ringside");
  EXPECT_EQ(RS_LOADER_VERSION, 1);
  EXPECT_EQ(RS_LOADER_TIMEOUT_MAX, 60000u);
  EXPECT_EQ(RS_LOADER_NAME_MAX, 56);
  EXPECT_EQ(RS_LOADER_USER, 1);
  EXPECT_EQ(RS_LOADER_KERNEL, 2);
  EXPECT_EQ(RS_LOADER_SHADOW, 3);
  EXPECT_EQ(RS_LOADER_IDLE, 0);
  EXPECT_EQ(RS_LOADER_ARMED, 1);
  EXPECT_EQ(RS_LOADER_PARKED, 2);
  EXPECT_EQ(RS_LOADER_GOING, 3);
  EXPECT_EQ(RS_LOADER_ENDED, 4);
  EXPECT_EQ(RS_LOADER_BY_NOBODY, 0);
  EXPECT_EQ(RS_LOADER_BY_USER, 1);
  EXPECT_EQ(RS_LOADER_BY_CORE, 2);
  EXPECT_EQ(RS_LOADER_BY_KERNEL, 3);
  EXPECT_EQ(RS_LOADER_DONE, 1);
  EXPECT_EQ(RS_LOADER_GIVE_BACK, 2);
  EXPECT_EQ(RS_LOADER_FAIL, 3);
  EXPECT_EQ(RS_LOADER_AT(7, 0xffff'fff0u), 0x7'ffff'fff0);
}

TEST(UapiOops, Part) {
  EXPECT_EQ(sizeof(rs_oops_part), 24u);
  EXPECT_EQ(offsetof(rs_oops_part, region), 0u);
  EXPECT_EQ(offsetof(rs_oops_part, offset), 4u);
  EXPECT_EQ(offsetof(rs_oops_part, bytes), 8u);
  EXPECT_EQ(offsetof(rs_oops_part, address), 16u);
}

TEST(UapiOops, Take) {
  EXPECT_EQ(sizeof(rs_oops_take), 208u);
  EXPECT_EQ(offsetof(rs_oops_take, size), 0u);
  EXPECT_EQ(offsetof(rs_oops_take, version), 4u);
  EXPECT_EQ(offsetof(rs_oops_take, kind), 8u);
  EXPECT_EQ(offsetof(rs_oops_take, parts), 12u);
  EXPECT_EQ(offsetof(rs_oops_take, table), 16u);
  EXPECT_EQ(offsetof(rs_oops_take, table_bytes), 24u);
  EXPECT_EQ(offsetof(rs_oops_take, part_records), 32u);
  EXPECT_EQ(offsetof(rs_oops_take, id_region), 40u);
  EXPECT_EQ(offsetof(rs_oops_take, id_offset), 44u);
  EXPECT_EQ(offsetof(rs_oops_take, id), 48u);
  EXPECT_EQ(sizeof(rs_oops_take::id), 32u);
  EXPECT_EQ(offsetof(rs_oops_take, id_bytes), 80u);
  EXPECT_EQ(offsetof(rs_oops_take, reserved), 84u);
  EXPECT_EQ(offsetof(rs_oops_take, regions), 88u);
  EXPECT_EQ(sizeof(rs_oops_take::regions), 56u);
  EXPECT_EQ(offsetof(rs_oops_take, name), 144u);
  EXPECT_EQ(sizeof(rs_oops_take::name), 64u);
}

TEST(UapiOops, Drop) {
  EXPECT_EQ(sizeof(rs_oops_drop), 80u);
  EXPECT_EQ(offsetof(rs_oops_drop, size), 0u);
  EXPECT_EQ(offsetof(rs_oops_drop, version), 4u);
  EXPECT_EQ(offsetof(rs_oops_drop, name), 8u);
  EXPECT_EQ(sizeof(rs_oops_drop::name), 64u);
  EXPECT_EQ(offsetof(rs_oops_drop, reserved), 72u);
}

TEST(UapiOops, Arm) {
  EXPECT_EQ(sizeof(rs_oops_arm), 16u);
  EXPECT_EQ(offsetof(rs_oops_arm, size), 0u);
  EXPECT_EQ(offsetof(rs_oops_arm, version), 4u);
  EXPECT_EQ(offsetof(rs_oops_arm, on), 8u);
  EXPECT_EQ(offsetof(rs_oops_arm, reserved), 12u);
}

TEST(UapiOops, Status) {
  EXPECT_EQ(sizeof(rs_oops_status), 136u);
  EXPECT_EQ(offsetof(rs_oops_status, size), 0u);
  EXPECT_EQ(offsetof(rs_oops_status, version), 4u);
  EXPECT_EQ(offsetof(rs_oops_status, armed), 8u);
  EXPECT_EQ(offsetof(rs_oops_status, off), 12u);
  EXPECT_EQ(offsetof(rs_oops_status, symbol_bytes), 16u);
  EXPECT_EQ(offsetof(rs_oops_status, symbols), 24u);
  EXPECT_EQ(offsetof(rs_oops_status, line_bytes), 32u);
  EXPECT_EQ(offsetof(rs_oops_status, module_bytes), 40u);
  EXPECT_EQ(offsetof(rs_oops_status, modules), 48u);
  EXPECT_EQ(offsetof(rs_oops_status, present), 52u);
  EXPECT_EQ(offsetof(rs_oops_status, spaces), 56u);
  EXPECT_EQ(offsetof(rs_oops_status, reserved2), 60u);
  EXPECT_EQ(offsetof(rs_oops_status, kaslr_offset), 64u);
  EXPECT_EQ(offsetof(rs_oops_status, traces), 72u);
  EXPECT_EQ(offsetof(rs_oops_status, frames), 80u);
  EXPECT_EQ(offsetof(rs_oops_status, skipped), 88u);
  EXPECT_EQ(offsetof(rs_oops_status, build_id_bytes), 96u);
  EXPECT_EQ(offsetof(rs_oops_status, build_id), 100u);
  EXPECT_EQ(sizeof(rs_oops_status::build_id), 32u);
  EXPECT_EQ(offsetof(rs_oops_status, reserved), 132u);
}

TEST(UapiOops, Frame) {
  EXPECT_EQ(sizeof(rs_oops_frame), 48u);
  EXPECT_EQ(offsetof(rs_oops_frame, size), 0u);
  EXPECT_EQ(offsetof(rs_oops_frame, version), 4u);
  EXPECT_EQ(offsetof(rs_oops_frame, address), 8u);
  EXPECT_EQ(offsetof(rs_oops_frame, is_return), 16u);
  EXPECT_EQ(offsetof(rs_oops_frame, text_bytes), 20u);
  EXPECT_EQ(offsetof(rs_oops_frame, text), 24u);
  EXPECT_EQ(offsetof(rs_oops_frame, elapsed_ns), 32u);
  EXPECT_EQ(offsetof(rs_oops_frame, reserved), 40u);
}

TEST(UapiOops, StructuresHaveNoPadding) {
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_oops_part>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_oops_take>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_oops_drop>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_oops_arm>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_oops_status>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_oops_frame>);
}

TEST(UapiOops, CallNumbers) {
  EXPECT_EQ(RS_OOPS_IOC_TAKE, 0xc0d05240u);
  EXPECT_EQ(RS_OOPS_IOC_DROP, 0xc0505241u);
  EXPECT_EQ(RS_OOPS_IOC_ARM, 0xc0105242u);
  EXPECT_EQ(RS_OOPS_IOC_STATUS, 0xc0885243u);
  EXPECT_EQ(RS_OOPS_IOC_FRAME, 0xc0305244u);
}

TEST(UapiOops, NumbersAndLimits) {
  EXPECT_STREQ(RS_OOPS_DEVICE, "/dev/ringside-oops");
  EXPECT_EQ(RS_OOPS_VERSION, 1);
  EXPECT_EQ(RS_OOPS_SYMBOLS, 1);
  EXPECT_EQ(RS_OOPS_LINES, 2);
  EXPECT_EQ(RS_OOPS_MODULE, 3);
  EXPECT_EQ(RS_OOPS_SPACE, 4);
  EXPECT_EQ(RS_OOPS_BUILD_ID_MAX, 32);
  EXPECT_EQ(RS_OOPS_TABLE_MAX, 64u << 20);
  EXPECT_EQ(RS_OOPS_TOTAL_MAX, 512u << 20);
  EXPECT_EQ(RS_OOPS_OBJECTS_MAX, 8192);
  EXPECT_EQ(RS_OOPS_PARTS_MAX, 256);
  EXPECT_EQ(RS_OOPS_SPACES_MAX, 64);
  EXPECT_EQ(RS_OOPS_REGIONS, 7);
  EXPECT_EQ(RS_OOPS_NAME_MAX, 64);
  EXPECT_EQ(RS_OOPS_TEXT_MAX, 4096);
}

TEST(UapiHtml, Source) {
  EXPECT_EQ(sizeof(rs_html_source), 32u);
  EXPECT_EQ(offsetof(rs_html_source, size), 0u);
  EXPECT_EQ(offsetof(rs_html_source, version), 4u);
  EXPECT_EQ(offsetof(rs_html_source, fd), 8u);
  EXPECT_EQ(offsetof(rs_html_source, flags), 12u);
  EXPECT_EQ(offsetof(rs_html_source, offset), 16u);
  EXPECT_EQ(offsetof(rs_html_source, reserved), 24u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_html_source>);
}

TEST(UapiHtml, Status) {
  EXPECT_EQ(sizeof(rs_html_status), 56u);
  EXPECT_EQ(offsetof(rs_html_status, size), 0u);
  EXPECT_EQ(offsetof(rs_html_status, version), 4u);
  EXPECT_EQ(offsetof(rs_html_status, input_bytes), 8u);
  EXPECT_EQ(offsetof(rs_html_status, text_bytes), 16u);
  EXPECT_EQ(offsetof(rs_html_status, core_ns), 24u);
  EXPECT_EQ(offsetof(rs_html_status, fpu_ns), 32u);
  EXPECT_EQ(offsetof(rs_html_status, slices), 40u);
  EXPECT_EQ(offsetof(rs_html_status, reserved), 48u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_html_status>);
}

TEST(UapiHtml, Read) {
  EXPECT_EQ(sizeof(rs_html_read), 40u);
  EXPECT_EQ(offsetof(rs_html_read, size), 0u);
  EXPECT_EQ(offsetof(rs_html_read, version), 4u);
  EXPECT_EQ(offsetof(rs_html_read, fd), 8u);
  EXPECT_EQ(offsetof(rs_html_read, rounds), 12u);
  EXPECT_EQ(offsetof(rs_html_read, bytes), 16u);
  EXPECT_EQ(offsetof(rs_html_read, elapsed_ns), 24u);
  EXPECT_EQ(offsetof(rs_html_read, reserved), 32u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_html_read>);
  EXPECT_EQ(RS_HTML_IOC_READ, 0xc0285292u);
}

TEST(UapiHtml, Numbers) {
  EXPECT_STREQ(RS_HTML_DEVICE, "/dev/ringside-html");
  EXPECT_EQ(RS_HTML_VERSION, 1);
  EXPECT_EQ(RS_HTML_RAW, 1u);
  EXPECT_EQ(RS_HTML_PORTABLE, 2u);
  EXPECT_EQ(RS_HTML_FLAGS, 3u);
  EXPECT_EQ(RS_HTML_ROUNDS_MAX, 4096u);
  EXPECT_EQ(RS_HTML_READ_MAX, 1u << 20);
  EXPECT_EQ(RS_HTML_IOC_SOURCE, 0xc0205290u);
  EXPECT_EQ(RS_HTML_IOC_STATUS, 0xc0385291u);
}

TEST(UapiSpace, Allocate) {
  EXPECT_EQ(sizeof(rs_space_allocate), 112u);
  EXPECT_EQ(offsetof(rs_space_allocate, size), 0u);
  EXPECT_EQ(offsetof(rs_space_allocate, version), 4u);
  EXPECT_EQ(offsetof(rs_space_allocate, bytes), 8u);
  EXPECT_EQ(offsetof(rs_space_allocate, address), 32u);
  EXPECT_EQ(offsetof(rs_space_allocate, name), 56u);
  EXPECT_EQ(offsetof(rs_space_allocate, reserved), 104u);
}

TEST(UapiSpace, Seal) {
  EXPECT_EQ(sizeof(rs_space_seal), 32u);
  EXPECT_EQ(offsetof(rs_space_seal, size), 0u);
  EXPECT_EQ(offsetof(rs_space_seal, version), 4u);
  EXPECT_EQ(offsetof(rs_space_seal, init), 8u);
  EXPECT_EQ(offsetof(rs_space_seal, exit), 16u);
  EXPECT_EQ(offsetof(rs_space_seal, result), 24u);
  EXPECT_EQ(offsetof(rs_space_seal, reserved), 28u);
}

TEST(UapiSpace, Call) {
  EXPECT_EQ(sizeof(rs_space_call), 88u);
  EXPECT_EQ(offsetof(rs_space_call, size), 0u);
  EXPECT_EQ(offsetof(rs_space_call, version), 4u);
  EXPECT_EQ(offsetof(rs_space_call, function), 8u);
  EXPECT_EQ(offsetof(rs_space_call, arguments), 16u);
  EXPECT_EQ(offsetof(rs_space_call, result), 64u);
  EXPECT_EQ(offsetof(rs_space_call, elapsed_ns), 72u);
  EXPECT_EQ(offsetof(rs_space_call, reserved), 80u);
}

TEST(UapiSpace, List) {
  EXPECT_EQ(sizeof(rs_space_record), 112u);
  EXPECT_EQ(offsetof(rs_space_record, address), 0u);
  EXPECT_EQ(offsetof(rs_space_record, bytes), 24u);
  EXPECT_EQ(offsetof(rs_space_record, state), 48u);
  EXPECT_EQ(offsetof(rs_space_record, running), 52u);
  EXPECT_EQ(offsetof(rs_space_record, owner), 56u);
  EXPECT_EQ(offsetof(rs_space_record, reserved), 60u);
  EXPECT_EQ(offsetof(rs_space_record, name), 64u);
  EXPECT_EQ(sizeof(rs_space_list), 32u);
  EXPECT_EQ(offsetof(rs_space_list, size), 0u);
  EXPECT_EQ(offsetof(rs_space_list, version), 4u);
  EXPECT_EQ(offsetof(rs_space_list, first), 8u);
  EXPECT_EQ(offsetof(rs_space_list, count), 12u);
  EXPECT_EQ(offsetof(rs_space_list, records), 16u);
  EXPECT_EQ(offsetof(rs_space_list, reserved), 24u);
}

TEST(UapiSpace, StructuresHaveNoPadding) {
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_space_allocate>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_space_seal>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_space_call>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_space_record>);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_space_list>);
}

TEST(UapiSpace, NumbersAreForever) {
  EXPECT_STREQ(RS_SPACE_DEVICE, "/dev/ringside-space");
  EXPECT_EQ(RS_SPACE_VERSION, 1);
  EXPECT_EQ(RS_SPACE_PART_MAX, 16u << 20);
  EXPECT_EQ(RS_SPACE_NAME_MAX, 48);
  EXPECT_EQ(RS_SPACE_ARGUMENTS, 6);
  EXPECT_EQ(RS_SPACE_NONE, ~0ull);
  EXPECT_EQ(RS_SPACE_TEXT, 0);
  EXPECT_EQ(RS_SPACE_RODATA, 1);
  EXPECT_EQ(RS_SPACE_DATA, 2);
  EXPECT_EQ(RS_SPACE_PARTS, 3);
  EXPECT_EQ(RS_SPACE_EMPTY, 0);
  EXPECT_EQ(RS_SPACE_OPEN, 1);
  EXPECT_EQ(RS_SPACE_SEALED, 2);
  EXPECT_EQ(RS_SPACE_READY, 3);
  EXPECT_EQ(RS_SPACE_KEPT, 4);
  EXPECT_EQ(RS_SPACE_AT(2, 0xffff'fff0u), 0x2'ffff'fff0);
  EXPECT_EQ(RS_SPACE_IOC_ALLOCATE, 0xc070'5230u);
  EXPECT_EQ(RS_SPACE_IOC_SEAL, 0xc020'5231u);
  EXPECT_EQ(RS_SPACE_IOC_CALL, 0xc058'5232u);
  EXPECT_EQ(RS_SPACE_IOC_LIST, 0xc020'5233u);
}

TEST(UapiFirmware, Ask) {
  EXPECT_EQ(sizeof(rs_firmware_ask), 584u);
  EXPECT_EQ(offsetof(rs_firmware_ask, size), 0u);
  EXPECT_EQ(offsetof(rs_firmware_ask, version), 4u);
  EXPECT_EQ(offsetof(rs_firmware_ask, way), 8u);
  EXPECT_EQ(offsetof(rs_firmware_ask, error), 12u);
  EXPECT_EQ(offsetof(rs_firmware_ask, bytes), 16u);
  EXPECT_EQ(offsetof(rs_firmware_ask, elapsed_ns), 24u);
  EXPECT_EQ(offsetof(rs_firmware_ask, reserved), 32u);
  EXPECT_EQ(offsetof(rs_firmware_ask, name), 40u);
  EXPECT_EQ(offsetof(rs_firmware_ask, folder), 296u);
  EXPECT_EQ(offsetof(rs_firmware_ask, sum), 552u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_firmware_ask>);
}

TEST(UapiFirmware, NumbersAreForever) {
  EXPECT_STREQ(RS_FIRMWARE_DEVICE, "/dev/ringside-firmware");
  EXPECT_EQ(RS_FIRMWARE_VERSION, 1);
  EXPECT_EQ(RS_FIRMWARE_NAME_MAX, 256);
  EXPECT_EQ(RS_FIRMWARE_FOLDER_MAX, 256);
  EXPECT_EQ(RS_FIRMWARE_SUM_BYTES, 32);
  EXPECT_EQ(RS_FIRMWARE_PENDING_MAX, 256u);
  EXPECT_EQ(RS_FIRMWARE_REQUEST, 1);
  EXPECT_EQ(RS_FIRMWARE_NOUEVENT, 2);
  EXPECT_EQ(RS_FIRMWARE_READ, 3);
  EXPECT_EQ(RS_FIRMWARE_IOC_ASK, 0xc248'52a0u);
}

TEST(UapiScsi, Command) {
  EXPECT_EQ(sizeof(rs_scsi_command), 168u);
  EXPECT_EQ(offsetof(rs_scsi_command, channel), 0u);
  EXPECT_EQ(offsetof(rs_scsi_command, target), 4u);
  EXPECT_EQ(offsetof(rs_scsi_command, lun), 8u);
  EXPECT_EQ(offsetof(rs_scsi_command, cdb), 16u);
  EXPECT_EQ(offsetof(rs_scsi_command, cdb_bytes), 32u);
  EXPECT_EQ(offsetof(rs_scsi_command, timeout_ms), 36u);
  EXPECT_EQ(offsetof(rs_scsi_command, data), 40u);
  EXPECT_EQ(offsetof(rs_scsi_command, data_bytes), 48u);
  EXPECT_EQ(offsetof(rs_scsi_command, delivery), 52u);
  EXPECT_EQ(offsetof(rs_scsi_command, status), 56u);
  EXPECT_EQ(offsetof(rs_scsi_command, sense_bytes), 60u);
  EXPECT_EQ(offsetof(rs_scsi_command, sense), 64u);
  EXPECT_EQ(offsetof(rs_scsi_command, reserved), 160u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_scsi_command>);
}

TEST(UapiScsi, Send) {
  EXPECT_EQ(sizeof(rs_scsi_send), 40u);
  EXPECT_EQ(offsetof(rs_scsi_send, size), 0u);
  EXPECT_EQ(offsetof(rs_scsi_send, version), 4u);
  EXPECT_EQ(offsetof(rs_scsi_send, host), 8u);
  EXPECT_EQ(offsetof(rs_scsi_send, count), 12u);
  EXPECT_EQ(offsetof(rs_scsi_send, commands), 16u);
  EXPECT_EQ(offsetof(rs_scsi_send, elapsed_ns), 24u);
  EXPECT_EQ(offsetof(rs_scsi_send, reserved), 32u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_scsi_send>);
}

TEST(UapiScsi, Page) {
  EXPECT_EQ(sizeof(rs_scsi_page), 260u);
  EXPECT_EQ(offsetof(rs_scsi_page, is_page), 0u);
  EXPECT_EQ(offsetof(rs_scsi_page, page), 1u);
  EXPECT_EQ(offsetof(rs_scsi_page, reserved), 2u);
  EXPECT_EQ(offsetof(rs_scsi_page, bytes), 3u);
  EXPECT_EQ(offsetof(rs_scsi_page, data), 4u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_scsi_page>);
}

TEST(UapiScsi, Add) {
  EXPECT_EQ(sizeof(rs_scsi_add), 56u);
  EXPECT_EQ(offsetof(rs_scsi_add, size), 0u);
  EXPECT_EQ(offsetof(rs_scsi_add, version), 4u);
  EXPECT_EQ(offsetof(rs_scsi_add, host), 8u);
  EXPECT_EQ(offsetof(rs_scsi_add, channel), 12u);
  EXPECT_EQ(offsetof(rs_scsi_add, target), 16u);
  EXPECT_EQ(offsetof(rs_scsi_add, count), 20u);
  EXPECT_EQ(offsetof(rs_scsi_add, lun), 24u);
  EXPECT_EQ(offsetof(rs_scsi_add, pages), 32u);
  EXPECT_EQ(offsetof(rs_scsi_add, added), 40u);
  EXPECT_EQ(offsetof(rs_scsi_add, answered), 44u);
  EXPECT_EQ(offsetof(rs_scsi_add, reserved), 48u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_scsi_add>);
}

TEST(UapiScsi, Limits) {
  EXPECT_EQ(sizeof(rs_scsi_limits), 40u);
  EXPECT_EQ(offsetof(rs_scsi_limits, size), 0u);
  EXPECT_EQ(offsetof(rs_scsi_limits, version), 4u);
  EXPECT_EQ(offsetof(rs_scsi_limits, host), 8u);
  EXPECT_EQ(offsetof(rs_scsi_limits, max_channel), 12u);
  EXPECT_EQ(offsetof(rs_scsi_limits, max_target), 16u);
  EXPECT_EQ(offsetof(rs_scsi_limits, this_target), 20u);
  EXPECT_EQ(offsetof(rs_scsi_limits, max_lun), 24u);
  EXPECT_EQ(offsetof(rs_scsi_limits, reserved), 32u);
  EXPECT_TRUE(std::has_unique_object_representations_v<rs_scsi_limits>);
}

TEST(UapiScsi, CallNumbers) {
  EXPECT_EQ(RS_SCSI_COMMANDS_MAX, 1024u);
  EXPECT_EQ(RS_SCSI_DATA_MAX, 256u << 10);
  EXPECT_EQ(RS_SCSI_CALL_DATA_MAX, 16u << 20);
  EXPECT_EQ(RS_SCSI_TIMEOUT_MAX_MS, 60'000u);
  EXPECT_EQ(RS_SCSI_IOC_SEND, 0xc02852b0u);
  EXPECT_EQ(RS_SCSI_IOC_ADD, 0xc03852b1u);
  EXPECT_EQ(RS_SCSI_IOC_LIMITS, 0xc02852b2u);
}

}  // namespace
