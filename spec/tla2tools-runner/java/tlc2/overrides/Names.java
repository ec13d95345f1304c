package tlc2.overrides;

import tlc2.value.impl.StringValue;

/** Strings that were read before, found without making them again: the same few come thousands of times. */
final class Names {
  static final class Name {
    final String text;
    final StringValue value;
    private final int hash;
    private final Name next;

    Name(String text, int hash, Name next) {
      this.text = text;
      this.value = new StringValue(text);
      this.hash = hash;
      this.next = next;
    }

    private boolean is(char[] from, int start, int length) {
      if (text.length() != length) return false;
      for (int i = 0; i < length; i++) if (text.charAt(i) != from[start + i]) return false;
      return true;
    }
  }

  private final Name[] buckets = new Name[1 << 14];

  /** @param hash of these characters, as String has it */
  Name of(char[] from, int start, int length, int hash) {
    int bucket = (hash ^ (hash >>> 15)) & (buckets.length - 1);
    for (Name name = buckets[bucket]; name != null; name = name.next)
      if (name.hash == hash && name.is(from, start, length)) return name;
    return buckets[bucket] = new Name(new String(from, start, length), hash, buckets[bucket]);
  }
}
