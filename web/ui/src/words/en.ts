// The words of all surfaces in English; the other languages have the same keys. `{name}` is filled in, `{n}` is a number
// that picks the plural form.

export const en = {
  // The connection
  connectingAgain: "Connecting again … What you write is kept and sent.",
  noConnection: "No connection. We keep trying.",

  // Writing
  writeMessage: "Write a message",
  send: "Send",
  attach: "Attach a file",
  emoji: "Emoji",
  charactersLeft: { one: "{n} character left", other: "{n} characters left" },
  charactersOver: { one: "{n} character too long", other: "{n} characters too long" },

  // Where a message is
  waitingToBeSent: "Waiting to be sent",
  seen: "seen",
  notSent: "Not sent",
  notSentTooLong: { one: "Not sent: {n} character too long", other: "Not sent: {n} characters too long" },
  notSentFull: "Not sent: this chat takes no more messages",
  notSentEnded: "Not sent: the chat had ended",
  edit: "Edit",
  sendAgain: "Send again",
  delete: "Delete",

  // The log
  conversation: "Conversation",
  newMessages: { one: "{n} new message", other: "{n} new messages" },
  toNewest: "Newest messages",
  today: "Today",
  yesterday: "Yesterday",
  you: "You",
  bot: "{name} (bot)",
  team: "Our team",
  says: "{name}: {text}",
  typingOne: "{name} is typing …",
  typingMany: "{names} are typing …",
  joined: "{name} is here now",
  left: "{name} left",
  agentLost: "{name}’s connection is broken. One moment please.",
  fileRemoved: "{name} was removed",
  chatEnded: "The chat has ended at {time}.",
  chatGone: "This chat is no longer available.",
  onlyAgents: "Only agents see this",

  // Short times
  justNow: "now",
  minutesShort: "{n} min",
  hoursShort: "{n} h",
  daysShort: "{n} d",

  // Files
  saveFile: "Save {name}",
  fileSending: "Sending {name} …",
  fileHeld: "The file is being checked. It appears when that is done.",
  fileFailed: "The file was not sent. Please try again.",
  fileNotFetched: "The file can’t be fetched now.",
  imageOf: "Image {name}",
  cancel: "Cancel",
  fileType: "Files of this type can’t be sent.",
  fileTooLarge: "This file is too large.",
  fileTooMany: "No more files can be sent here.",
  fileInfected: "The file was refused: something harmful was found in it.",

  // Rich messages
  chooseSome: "Send choice",
  sendForm: "Send",
  chooseOne: "Please choose",

  // Opening and closing
  openChat: "Open the chat",
  openChatUnread: { one: "Open the chat, {n} new message", other: "Open the chat, {n} new messages" },
  minimise: "Minimise",
  more: "More",
  close: "Close",
  loading: "Loading …",

  // Before the chat
  writeToUs: "Write to us",
  answerSoon: "We answer right away",
  answerIn: { one: "We answer in about {n} minute", other: "We answer in about {n} minutes" },
  name: "Name",
  email: "E-mail",
  phone: "Phone",
  subject: "What is it about?",
  message: "Message",
  optional: "(optional)",
  previewSeen: "While you write, our team can already see it.",
  privacy: "Privacy",
  startChat: "Start the chat",
  starting: "One moment …",
  leaveMessage: "Leave a message",
  needed: "Please fill this in.",
  fieldWrong: "Please check this.",
  consentNeeded: "Please agree to this first.",
  emailWrong: "Please write an address like name@example.org.",
  phoneWrong: "Please write a number like +49 30 123456.",
  startBusy: "All lines are busy now. Please try again in a moment.",
  startFailed: "That did not work. Please try again.",
  nobodyHere: "Nobody is here now. Leave a message, we answer by e-mail.",
  formFailed: "The chat can’t be reached now. We keep trying.",

  // Waiting
  waitingHere: "Somebody will be here soon.",
  youAreNext: "You are next.",
  beforeYou: { one: "{n} is before you.", other: "{n} are before you." },
  waitAbout: { one: "About {n} minute.", other: "About {n} minutes." },

  // During and after the chat
  sound: "Sound",
  titleSign: "New messages in the tab’s title",
  saveTranscript: "Save as a file",
  unsent: "Written and not sent",
  endChat: "End the chat",
  endSure: "Do you want to end this chat?",
  goOn: "Go on",
  writeAgain: "Write again",
  rateQuestion: "How was this chat?",
  rateScore: "{n} of 5",
  rateText: "What should we know?",
  rateSend: "Send",
  rateThanks: "Thank you. Your rating has arrived.",
  rateFailed: "The rating was not sent. Please try again.",
  transcriptOf: "Chat of {date}",
} as const;
