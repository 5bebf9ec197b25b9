// Building writes records from the last to the first: each goes in front of those of its name, in
// the name's slot, and leads to what stood there. A look-up goes from slot to slot until a free
// one, and reads only records whose tag (the upper half of the hash) agrees.
#include "core/modules/export_index.hh"

#include <bit>

namespace ringside::modules {
namespace {

constexpr std::uint64_t kMagic = 0x3278646e49505845;  // "EXPIndx2": the format's version included
constexpr std::uint16_t kHasCrc = 1, kGplOnly = 2;
constexpr std::uint32_t kProprietary = 1;

struct Header {
  std::uint64_t magic, bytes;
  IndexKey key;
  std::uint32_t size, slots, providers, reserved;
  std::uint64_t provider_table, records;  // offsets; the slots follow the header
};
static_assert(sizeof(Header) == 80);

struct Slot {
  std::uint32_t tag, record;  // offset of the record; 0: free
};

struct Provider {
  std::uint32_t name, size, flags, reserved;
};

struct Record {  // its name and namespace follow
  std::uint64_t value;
  std::uint32_t crc, provider;
  std::uint32_t next, reserved;  // offset of the name's next record, behind this one; 0: none
  std::uint16_t section, flags, name_size, space_size;
};
static_assert(sizeof(Record) == 32);

std::uint64_t record_size(std::uint64_t name, std::uint64_t space) {
  return align_up(sizeof(Record) + name + space, 8);
}

std::uint32_t slots_for(std::uint64_t exports) {
  return static_cast<std::uint32_t>(std::bit_ceil(exports * 2 + 1));
}

std::uint32_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

std::uint64_t slot_at(std::uint64_t slot) {
  return sizeof(Header) + slot * sizeof(Slot);
}

template <class T>
void store(std::span<std::byte> block, std::uint64_t at, const T& value) {
  std::memcpy(block.data() + at, &value, sizeof(T));
}

std::uint64_t store_text(std::span<std::byte> block, std::uint64_t at, std::string_view text) {
  if (!text.empty()) std::memcpy(block.data() + at, text.data(), text.size());
  return at + text.size();
}

std::string_view text_at(Bytes block, std::uint64_t at, std::uint64_t size) {
  return {reinterpret_cast<const char*>(block.data()) + at, size};
}

class Writer {
 public:
  Writer(std::span<std::byte> block, const Header& header) : block_(block), header_(header) {}

  void put_providers(std::span<const IndexedProvider> providers) {
    auto text = header_.provider_table + providers.size() * sizeof(Provider);
    for (std::size_t index = 0; index < providers.size(); ++index) {
      const auto& provider = providers[index];
      store(block_, header_.provider_table + index * sizeof(Provider),
            Provider{static_cast<std::uint32_t>(text),
                     static_cast<std::uint32_t>(provider.name.size()),
                     provider.proprietary ? kProprietary : 0, 0});
      text = store_text(block_, text, provider.name);
    }
  }

  // Called from the last export to the first.
  void put(const IndexedExport& entry) {
    at_ -= record_size(entry.name.size(), entry.name_space.size());
    auto hash = name_hash(entry.name);
    auto slot = slot_of(entry.name, hash);
    auto flags =
        static_cast<std::uint16_t>((entry.has_crc ? kHasCrc : 0) | (entry.gpl_only ? kGplOnly : 0));
    store(block_, at_,
          Record{entry.value, entry.crc, entry.provider, next_of(slot, entry.provider), 0,
                 static_cast<std::uint16_t>(entry.section), flags,
                 static_cast<std::uint16_t>(entry.name.size()),
                 static_cast<std::uint16_t>(entry.name_space.size())});
    store_text(block_, store_text(block_, at_ + sizeof(Record), entry.name), entry.name_space);
    store(block_, slot_at(slot), Slot{tag_of(hash), static_cast<std::uint32_t>(at_)});
  }

 private:
  // The name's slot, or the free one that will be.
  std::uint64_t slot_of(std::string_view name, std::uint64_t hash) const {
    for (auto slot = hash;; ++slot) {
      slot &= header_.slots - 1;
      auto taken = load<Slot>(block_, slot_at(slot));
      if (taken.record == 0) return slot;
      if (taken.tag != tag_of(hash)) continue;
      auto record = load<Record>(block_, taken.record);
      if (text_at(block_, taken.record + sizeof(Record), record.name_size) == name) return slot;
    }
  }

  // Where a record of that provider leads: to the slot's first, past one of its own.
  std::uint32_t next_of(std::uint64_t slot, std::uint32_t provider) const {
    auto first = load<Slot>(block_, slot_at(slot)).record;
    if (first == 0) return 0;
    auto record = load<Record>(block_, first);
    return record.provider == provider ? record.next : first;
  }

  std::span<std::byte> block_;
  const Header& header_;
  std::uint64_t at_ = header_.bytes;
};

Header plan(std::span<const IndexedExport> exports, std::span<const IndexedProvider> providers) {
  Header header{};
  header.magic = kMagic;
  header.size = static_cast<std::uint32_t>(exports.size());
  header.slots = slots_for(exports.size());
  header.providers = static_cast<std::uint32_t>(providers.size());
  header.provider_table = slot_at(header.slots);
  auto end = header.provider_table + providers.size() * sizeof(Provider);
  for (const auto& provider : providers) end += provider.name.size();
  header.records = header.bytes = align_up(end, 8);
  for (const auto& entry : exports)
    header.bytes += record_size(entry.name.size(), entry.name_space.size());
  return header;
}

Status check_input(std::span<const IndexedExport> exports, std::uint64_t providers) {
  for (std::size_t row = 0; row < exports.size(); ++row) {
    const auto& entry = exports[row];
    if (entry.provider >= providers)
      return Error{"no such provider", "export index", row, providers, entry.provider};
    if (entry.name.size() > UINT16_MAX || entry.name_space.size() > UINT16_MAX)
      return Error{"name too long", "export index", row, UINT16_MAX, entry.name.size()};
    if (entry.section > UINT16_MAX)
      return Error{"no such section", "export index", row, UINT16_MAX, entry.section};
  }
  return ok;
}

}  // namespace

std::uint64_t ExportIndex::bytes(std::span<const IndexedExport> exports,
                                 std::span<const IndexedProvider> providers) {
  return plan(exports, providers).bytes;
}

Result<Nothing> ExportIndex::build(std::span<const IndexedExport> exports,
                                   std::span<const IndexedProvider> providers, const IndexKey& key,
                                   std::span<std::byte> block) {
  TRY(check_input(exports, providers.size()));
  auto header = plan(exports, providers);
  header.key = key;
  if (block.size() != header.bytes || header.bytes > UINT32_MAX)
    return Error{"not as long as the index", "export index", 0, header.bytes, block.size()};
  std::memset(block.data(), 0, block.size());
  store(block, 0, header);
  Writer writer(block, header);
  writer.put_providers(providers);
  for (auto row = exports.size(); row-- > 0;) writer.put(exports[row]);
  return ok;
}

Result<ExportIndex> ExportIndex::open(Bytes block) {
  auto header = TRY(read<Header>(block, 0, "export index"));
  if (header.magic != kMagic)
    return Error{"no export index of this version", "magic", 0, kMagic, header.magic};
  if (header.bytes != block.size())
    return Error{"not as long as it says", "export index", 8, header.bytes, block.size()};
  if ((header.slots & (header.slots - 1)) != 0 || header.slots <= header.size)
    return Error{"slots are no power of two above the exports", "slots", 0, header.size,
                 header.slots};
  TRY(slice(block, sizeof(Header), std::uint64_t{header.slots} * sizeof(Slot), "slots"));
  TRY(slice(block, header.provider_table, std::uint64_t{header.providers} * sizeof(Provider),
            "providers"));
  ExportIndex index;
  index.records_ = TRY(slice(block, header.records, block.size() - header.records, "records"));
  index.block_ = block;
  index.key_ = header.key;
  index.size_ = header.size, index.slots_ = header.slots;
  index.provider_count_ = header.providers;
  index.providers_at_ = header.provider_table;
  return index;
}

std::optional<IndexedProvider> ExportIndex::provider(std::uint32_t index) const {
  if (index >= provider_count_) return std::nullopt;
  auto entry = load<Provider>(block_, providers_at_ + index * sizeof(Provider));
  if (!fits(entry.name, entry.size, block_.size())) return std::nullopt;
  return IndexedProvider{text_at(block_, entry.name, entry.size),
                         (entry.flags & kProprietary) != 0};
}

std::optional<IndexedExport> ExportIndex::record(std::uint64_t at) const {
  if (!fits(at, sizeof(Record), block_.size())) return std::nullopt;
  auto record = load<Record>(block_, at);
  auto text = at + sizeof(Record);
  if (!fits(text, std::uint64_t{record.name_size} + record.space_size, block_.size()))
    return std::nullopt;
  IndexedExport entry;
  entry.name = text_at(block_, text, record.name_size);
  entry.name_space = text_at(block_, text + record.name_size, record.space_size);
  entry.value = record.value, entry.crc = record.crc;
  entry.provider = record.provider, entry.section = record.section;
  entry.next = record.next > at ? record.next : 0;  // a damaged one leads in no circle
  entry.has_crc = record.flags & kHasCrc, entry.gpl_only = record.flags & kGplOnly;
  return entry;
}

// At most `slots_` steps, so a table without a free slot ends as well.
std::optional<IndexedExport> ExportIndex::find(std::string_view name, std::uint64_t hash) const {
  for (std::uint32_t step = 0; step < slots_; ++step) {
    auto slot = load<Slot>(block_, slot_at((hash + step) & (slots_ - 1)));
    if (slot.record == 0) return std::nullopt;
    if (slot.tag != tag_of(hash)) continue;
    auto entry = record(slot.record);
    if (entry && entry->name == name) return entry;
  }
  return std::nullopt;
}

// Batches small enough to stay in the first-level cache: slots first, then the records they name.
void ExportIndex::find_all(std::span<const Need> needs, std::span<IndexedExport> found) const {
  constexpr std::size_t kBatch = 16;
  auto count = needs.size() < found.size() ? needs.size() : found.size();
  for (std::size_t start = 0; start < count; start += kBatch) {
    auto end = start + kBatch < count ? start + kBatch : count;
    for (auto row = start; row < end; ++row)
      __builtin_prefetch(block_.data() + slot_at(needs[row].hash & (slots_ - 1)));
    for (auto row = start; row < end; ++row) {
      auto slot = load<Slot>(block_, slot_at(needs[row].hash & (slots_ - 1)));
      if (slot.record < block_.size()) __builtin_prefetch(block_.data() + slot.record);
    }
    for (auto row = start; row < end; ++row) {
      auto entry = find(needs[row].name, needs[row].hash);
      found[row] = entry ? *entry : IndexedExport{};
    }
  }
}

std::optional<ExportIndex::Step> ExportIndex::step(std::uint64_t at) const {
  if (at >= records_.size()) return std::nullopt;
  auto start = static_cast<std::uint64_t>(records_.data() - block_.data());
  auto entry = record(start + at);
  if (!entry) return std::nullopt;
  return Step{*entry, at + record_size(entry->name.size(), entry->name_space.size())};
}

}  // namespace ringside::modules
