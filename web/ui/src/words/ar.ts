// The words of all surfaces in Arabic.

import type { Catalogue } from "./catalogue.js";

const CHARACTERS = {
  zero: "{n} حرف",
  one: "حرف واحد",
  two: "حرفان",
  few: "{n} أحرف",
  many: "{n} حرفًا",
  other: "{n} حرف",
};
const MESSAGES = {
  zero: "لا رسائل جديدة",
  one: "رسالة جديدة واحدة",
  two: "رسالتان جديدتان",
  few: "{n} رسائل جديدة",
  many: "{n} رسالة جديدة",
  other: "{n} رسالة جديدة",
};
const MINUTES = {
  zero: "أقل من دقيقة",
  one: "دقيقة واحدة",
  two: "دقيقتين",
  few: "{n} دقائق",
  many: "{n} دقيقة",
  other: "{n} دقيقة",
};

type Forms = Record<Intl.LDMLPluralRule, string>;

/** The forms of a counted word, each within the same sentence. */
function within(forms: Forms, before: string, after = ""): Forms {
  const put = (form: string): string => before + form + after;
  return {
    zero: put(forms.zero),
    one: put(forms.one),
    two: put(forms.two),
    few: put(forms.few),
    many: put(forms.many),
    other: put(forms.other),
  };
}

export const ar: Catalogue = {
  connectingAgain: "جارٍ إعادة الاتصال … ما تكتبه محفوظ وسيُرسل.",
  noConnection: "لا يوجد اتصال. نواصل المحاولة.",

  writeMessage: "اكتب رسالة",
  send: "إرسال",
  attach: "إرفاق ملف",
  emoji: "رموز تعبيرية",
  charactersLeft: within(CHARACTERS, "المتبقي: "),
  charactersOver: within(CHARACTERS, "الزيادة: "),

  waitingToBeSent: "في انتظار الإرسال",
  seen: "شوهدت",
  notSent: "لم تُرسل",
  notSentTooLong: within(CHARACTERS, "لم تُرسل، أطول من المسموح بـ: "),
  notSentFull: "لم تُرسل: لا تتسع هذه المحادثة لرسائل أخرى",
  notSentEnded: "لم تُرسل: كانت المحادثة قد انتهت",
  edit: "تعديل",
  sendAgain: "إرسال من جديد",
  delete: "حذف",

  conversation: "المحادثة",
  newMessages: MESSAGES,
  toNewest: "أحدث الرسائل",
  today: "اليوم",
  yesterday: "أمس",
  you: "أنت",
  bot: "{name} (روبوت)",
  team: "فريقنا",
  says: "{name}: {text}",
  typingOne: "{name} يكتب …",
  typingMany: "{names} يكتبون …",
  joined: "{name} معك الآن",
  left: "غادر {name}",
  agentLost: "انقطع اتصال {name}. لحظة من فضلك.",
  fileRemoved: "تمت إزالة {name}",
  chatEnded: "انتهت المحادثة في {time}.",
  chatGone: "هذه المحادثة لم تعد متاحة.",
  onlyAgents: "لا يراها إلا الموظفون",

  justNow: "الآن",
  minutesShort: "{n} د",
  hoursShort: "{n} س",
  daysShort: "{n} ي",

  saveFile: "حفظ {name}",
  fileSending: "جارٍ إرسال {name} …",
  fileHeld: "يجري فحص الملف، وسيظهر عند الانتهاء.",
  fileFailed: "لم يُرسل الملف. حاول مرة أخرى.",
  fileNotFetched: "لا يمكن جلب الملف الآن.",
  imageOf: "صورة {name}",
  cancel: "إلغاء",
  fileType: "لا يمكن إرسال ملفات من هذا النوع.",
  fileTooLarge: "هذا الملف كبير جدًا.",
  fileTooMany: "لا يمكن إرسال المزيد من الملفات هنا.",
  fileInfected: "رُفض الملف: عُثر فيه على شيء ضار.",

  chooseSome: "إرسال الاختيار",
  sendForm: "إرسال",
  chooseOne: "يرجى الاختيار",

  openChat: "فتح المحادثة",
  openChatUnread: within(MESSAGES, "فتح المحادثة، "),
  minimise: "تصغير",
  more: "المزيد",
  close: "إغلاق",
  loading: "جارٍ التحميل …",

  writeToUs: "اكتب إلينا",
  answerSoon: "نجيب على الفور",
  answerIn: within(MINUTES, "نجيب خلال نحو "),
  name: "الاسم",
  email: "البريد الإلكتروني",
  phone: "الهاتف",
  subject: "ما هو موضوعك؟",
  message: "الرسالة",
  optional: "(اختياري)",
  previewSeen: "يمكن لفريقنا أن يرى ما تكتبه أثناء الكتابة.",
  privacy: "الخصوصية",
  startChat: "بدء المحادثة",
  starting: "لحظة واحدة …",
  leaveMessage: "ترك رسالة",
  needed: "يرجى ملء هذا الحقل.",
  fieldWrong: "يرجى التحقق من هذا الحقل.",
  consentNeeded: "يرجى الموافقة على هذا أولًا.",
  emailWrong: "يرجى كتابة عنوان مثل name@example.org.",
  phoneWrong: "يرجى كتابة رقم مثل ‎+20 2 1234 5678.",
  startBusy: "جميع الخطوط مشغولة الآن. حاول بعد قليل.",
  startFailed: "لم ينجح ذلك. حاول مرة أخرى.",
  nobodyHere: "لا أحد هنا الآن. اترك رسالة وسنجيب بالبريد الإلكتروني.",
  formFailed: "لا يمكن الوصول إلى المحادثة الآن. نواصل المحاولة.",

  waitingHere: "سيكون أحدنا معك قريبًا.",
  youAreNext: "دورك هو التالي.",
  beforeYou: {
    zero: "لا أحد قبلك.",
    one: "شخص واحد قبلك.",
    two: "شخصان قبلك.",
    few: "{n} أشخاص قبلك.",
    many: "{n} شخصًا قبلك.",
    other: "{n} شخص قبلك.",
  },
  waitAbout: within(MINUTES, "نحو ", "."),

  sound: "الصوت",
  titleSign: "الرسائل الجديدة في عنوان علامة التبويب",
  saveTranscript: "حفظ في ملف",
  unsent: "مكتوب ولم يُرسل",
  endChat: "إنهاء المحادثة",
  endSure: "هل تريد إنهاء هذه المحادثة؟",
  goOn: "متابعة",
  writeAgain: "الكتابة من جديد",
  rateQuestion: "كيف كانت هذه المحادثة؟",
  rateScore: "{n} من 5",
  rateText: "ماذا ينبغي أن نعرف؟",
  rateSend: "إرسال",
  rateThanks: "شكرًا. وصل تقييمك.",
  rateFailed: "لم يُرسل التقييم. حاول مرة أخرى.",
  transcriptOf: "محادثة {date}",
};
