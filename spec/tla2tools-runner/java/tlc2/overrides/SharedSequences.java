package tlc2.overrides;

import tlc2.value.impl.IntValue;
import tlc2.value.impl.TupleValue;
import tlc2.value.impl.UserObj;
import tlc2.value.impl.UserValue;
import tlc2.value.impl.Value;

/** The bodies of SharedSequences.tla. */
public final class SharedSequences {
  private SharedSequences() {}

  private static final int SPARE = 64;

  /** What several sequences are parts of. Its first `used` members never change; who owns the last of them may add more. */
  private static final class Store {
    final Value[] members;
    int used;

    Store(Value[] members, int used) {
      this.members = members;
      this.used = used;
    }
  }

  /** Members from..to-1 of a store. */
  private static final class Part extends UserObj {
    private final Store store;
    private final int from;
    private final int to;

    Part(Store store, int from, int to) {
      this.store = store;
      this.from = from;
      this.to = to;
    }

    int length() {
      return to - from;
    }

    Value at(int place) {
      if (place < 1 || place > length()) throw new IllegalArgumentException("no member " + place + " of " + length());
      return store.members[from + place - 1];
    }

    Part part(int first, int last) {
      if (first > last) return EMPTY;
      at(first);
      at(last);
      return new Part(store, from + first - 1, from + last);
    }

    Value[] copy(int spare) {
      Value[] copied = new Value[length() + spare];
      System.arraycopy(store.members, from, copied, 0, length());
      return copied;
    }

    /** In place as far as nothing else follows there, so that what is evaluated twice is stored once. */
    Part append(Value[] more) {
      if (more.length == 0) return this;
      synchronized (store) {
        int known = 0;
        while (known < more.length && to + known < store.used && store.members[to + known].equals(more[known])) known++;
        boolean own = to + known == store.used || known == more.length;
        if (own && to + more.length <= store.members.length) {
          System.arraycopy(more, known, store.members, to + known, more.length - known);
          store.used = Math.max(store.used, to + more.length);
          return new Part(store, from, to + more.length);
        }
      }
      int length = length() + more.length;
      Value[] moved = copy(more.length + Math.max(SPARE, length()));
      System.arraycopy(more, 0, moved, length(), more.length);
      return new Part(new Store(moved, length), 0, length);
    }

    Part with(int place, Value value) {
      if (at(place).equals(value)) return this;
      Value[] changed = copy(SPARE);
      changed[place - 1] = value;
      return new Part(new Store(changed, length()), 0, length());
    }

    TupleValue tuple() {
      return new TupleValue(copy(0));
    }

    /** TLC itself refuses to compare one with a value of its own. */
    @Override
    public int compareTo(Value other) {
      Part part = of(other);
      if (part.store == store && part.from == from && part.to == to) return 0;
      return tuple().compareTo(part.tuple());
    }

    @Override
    public boolean member(Value value) {
      throw new IllegalArgumentException("a sequence has no elements in the sense of \\in");
    }

    @Override
    public boolean isFinite() {
      return true;
    }

    @Override
    public StringBuffer toString(StringBuffer text, int offset, boolean swallow) {
      return tuple().toString(text, offset, swallow);
    }
  }

  private static final Part EMPTY = new Part(new Store(new Value[0], 0), 0, 0);

  private static Part of(Value value) {
    if (value instanceof UserValue && ((UserValue) value).userObj instanceof Part) return (Part) ((UserValue) value).userObj;
    throw new IllegalArgumentException("no shared sequence: " + value.getKindString());
  }

  private static int number(Value value) {
    return ((IntValue) value).val;
  }

  @TLAPlusOperator(identifier = "SharedEmpty", module = "SharedSequences")
  public static Value empty() {
    return new UserValue(EMPTY);
  }

  @TLAPlusOperator(identifier = "SharedLen", module = "SharedSequences")
  public static Value length(Value sequence) {
    return IntValue.gen(of(sequence).length());
  }

  @TLAPlusOperator(identifier = "SharedAt", module = "SharedSequences")
  public static Value at(Value sequence, Value place) {
    return of(sequence).at(number(place));
  }

  @TLAPlusOperator(identifier = "SharedPart", module = "SharedSequences")
  public static Value part(Value sequence, Value from, Value to) {
    return new UserValue(of(sequence).part(number(from), number(to)));
  }

  @TLAPlusOperator(identifier = "SharedSubSeq", module = "SharedSequences")
  public static Value subSeq(Value sequence, Value from, Value to) {
    return of(sequence).part(number(from), number(to)).tuple();
  }

  @TLAPlusOperator(identifier = "SharedWith", module = "SharedSequences")
  public static Value with(Value sequence, Value place, Value value) {
    value.deepNormalize();
    return new UserValue(of(sequence).with(number(place), value));
  }

  @TLAPlusOperator(identifier = "SharedAppend", module = "SharedSequences")
  public static Value append(Value sequence, Value more) {
    Value tuple = more.toTuple();
    if (tuple == null) throw new IllegalArgumentException("not a sequence: " + more.getKindString());
    // What is shared is never looked through again.
    tuple.deepNormalize();
    return new UserValue(of(sequence).append(((TupleValue) tuple).elems));
  }
}
